/** The training text and the held-out items, both from one seed; and the proof that no item is in the text. */
import { renderPrompt } from './chat-template.ts';
import type { Conversation, HeldOutItem } from './conversation.ts';
import { families } from './families/families.ts';
import { Random } from './random.ts';

/** Another seed makes another text, and so another model. */
export const SEED = 20_261_124;

export function* trainingText(count: number, seed = SEED): Generator<Conversation> {
  const random = new Random(seed);
  for (let i = 0; i < count; i += 1) yield random.weighted(families).train(random);
}

/** `count` different items of each family, or as many as it has. */
export function heldOutItems(count: number, seed = SEED): HeldOutItem[] {
  return families.flatMap((family, i) => {
    const random = new Random(seed + 1 + i);
    const items = new Map<string, HeldOutItem>();
    for (let tries = 0; items.size < count && tries < count * 20; tries += 1) {
      const item = family.heldOut(random);
      items.set(promptOf(item), item);
    }
    return [...items.values()];
  });
}

/** What the model reads before it writes the last message: this must never have been in the training text. */
export function promptOf({ messages, tools }: Pick<HeldOutItem, 'messages' | 'tools'>): string {
  return renderPrompt(messages, { tools });
}

export function promptOfConversation({ messages, tools }: Conversation): string {
  return promptOf({ messages: messages.slice(0, -1), ...(tools && { tools }) });
}
