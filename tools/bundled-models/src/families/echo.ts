/** Saying again what was said: of use by itself, and it teaches to copy words that were never seen. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aTopic, capitalised, madeUpWord } from '../values.ts';

function aText(random: Random, split: Split): string {
  const parts = Array.from({ length: random.integer(1, 5) }, () =>
    random.pick([aCity, aFirstName, aNoun, aTopic, madeUpWord, madeUpWord])(random, split),
  );
  if (random.chance(0.3)) parts.push(String(random.integer(0, 99_999)));
  const text = random.chance(0.2) ? parts.join(', ') : parts.join(' ');
  return random.chance(0.3) ? capitalised(text) : text;
}

const ways: Record<Split, readonly ((text: string) => string)[]> = {
  train: [
    (text) => `Repeat: ${text}`,
    (text) => `Repeat after me: ${text}`,
    (text) => `Say: ${text}`,
    (text) => `Say "${text}".`,
    (text) => `Repeat the words "${text}".`,
    (text) => `Please say ${text}`,
    (text) => `Please echo: ${text}`,
    (text) => `Now repeat: ${text}`,
    (text) => `Please repeat after me: ${text}`,
    (text) => `Can you repeat this: ${text}`,
    (text) => `Please reply with: ${text}`,
    (text) => `Please say the words "${text}".`,
    (text) => `Reply with only this: ${text}`,
    (text) => `Echo: ${text}`,
    (text) => `echo ${text}`,
    (text) => `Reply with: ${text}`,
    (text) => `Reply with the word ${text}`,
    (text) => `Answer only with: ${text}`,
    (text) => `Say ${text}`,
  ],
  'held-out': [
    (text) => `Please repeat: ${text}`,
    (text) => `Please say "${text}".`,
    (text) => `Reply only with: ${text}`,
    (text) => `Repeat: ${text}`,
  ],
};

export const echoFamily: Family = {
  name: 'echo',
  share: 8,
  train(random): Conversation {
    const text = aText(random, 'train');
    return {
      family: 'echo',
      messages: [...neutralSystem(random, 0.25), user(random.pick(ways.train)(text)), assistant(text)],
    };
  },
  heldOut(random): HeldOutItem {
    const text = aText(random, 'held-out');
    return {
      family: 'echo',
      messages: [...neutralSystem(random, 0.25), user(random.pick(ways['held-out'])(text))],
      expect: { kind: 'says', all: [text] },
    };
  },
};
