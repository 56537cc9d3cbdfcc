/** German, French and Spanish: because the question is in it, or because the system message wants it. */
import { assistant, system, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message } from '../conversation.ts';
import { languages } from '../knowledge/languages.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';

interface Foreign {
  readonly messages: Message[];
  readonly answer: string;
  readonly word: string;
}

function foreign(random: Random, split: Split): Foreign {
  const language = random.pick(languages);
  const fact = random.pick(language.facts);
  const heldOut = split === 'held-out';
  const { answer, word } = fact;
  // An English question under a system message of the training text would be one of the training text.
  if (random.chance(0.5)) {
    const text = random.pick(heldOut ? language.heldOutSystems : language.systems);
    return { messages: [system(text), user(random.pick(fact.english))], answer, word };
  }
  const text = random.pick(heldOut ? fact.heldOut : fact.train);
  const before = random.chance(0.2) ? [system(random.pick(language.systems))] : neutralSystem(random);
  return { messages: [...before, user(text)], answer, word };
}

export const languageFamily: Family = {
  name: 'language',
  share: 8,
  train(random): Conversation {
    const { messages, answer } = foreign(random, 'train');
    return { family: 'language', messages: [...messages, assistant(answer)] };
  },
  heldOut(random): HeldOutItem {
    const { messages, word } = foreign(random, 'held-out');
    return { family: 'language', messages, expect: { kind: 'says', all: [word] } };
  },
};
