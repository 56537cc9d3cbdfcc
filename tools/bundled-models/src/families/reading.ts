/** A few sentences about people, and a question that they answer. */
import { assistant, system, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message } from '../conversation.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aNumber, animals, colours, foods } from '../values.ts';

interface Detail {
  readonly tell: string;
  readonly ask: string;
  readonly answer: string;
  readonly value: string;
}

const details: readonly ((random: Random, split: Split, who: string) => Detail)[] = [
  (random, split, who) => {
    const value = aCity(random, split);
    return {
      tell: `${who} lives in ${value}.`,
      ask: `Where does ${who} live?`,
      answer: `${who} lives in ${value}.`,
      value,
    };
  },
  (random, split, who) => {
    const value = String(aNumber(random, split, 5, 95));
    return {
      tell: `${who} is ${value} years old.`,
      ask: `How old is ${who}?`,
      answer: `${who} is ${value} years old.`,
      value,
    };
  },
  (random, _split, who) => {
    const value = random.pick(animals);
    return {
      tell: `${who} has a ${value}.`,
      ask: `Which animal does ${who} have?`,
      answer: `${who} has a ${value}.`,
      value,
    };
  },
  (random, _split, who) => {
    const value = random.pick(colours);
    return {
      tell: `${who} likes ${value}.`,
      ask: `Which colour does ${who} like?`,
      answer: `${who} likes ${value}.`,
      value,
    };
  },
  (random, _split, who) => {
    const value = random.pick(foods);
    return { tell: `${who} eats ${value}.`, ask: `What does ${who} eat?`, answer: `${who} eats ${value}.`, value };
  },
  (random, split, who) => {
    const value = aNoun(random, split);
    return {
      tell: `${who} bought a ${value}.`,
      ask: `What did ${who} buy?`,
      answer: `${who} bought a ${value}.`,
      value,
    };
  },
];

function reading(random: Random, split: Split): { messages: Message[]; answer: string; value: string } {
  const count = random.integer(1, 4);
  const told: Detail[] = [];
  const people = new Set<string>();
  while (people.size < count) people.add(aFirstName(random, split));
  for (const who of people) {
    for (const detail of random.sample(details, random.integer(1, 2))) told.push(detail(random, split, who));
  }
  const asked = random.pick(told);
  const text = told.map(({ tell }) => tell).join(' ');
  const messages = random.pick<Message[]>([
    [...neutralSystem(random), user(`${text} ${asked.ask}`)],
    [...neutralSystem(random), user(`${text}\n\n${asked.ask}`)],
    [...neutralSystem(random), user(`Context: ${text}\nQuestion: ${asked.ask}`)],
    [system(`Use this context to answer: ${text}`), user(asked.ask)],
    [system(`You are a helpful assistant.\n\nContext: ${text}`), user(asked.ask)],
  ]);
  return { messages, answer: asked.answer, value: asked.value };
}

export const readingFamily: Family = {
  name: 'reading',
  share: 6,
  train(random): Conversation {
    const { messages, answer } = reading(random, 'train');
    return { family: 'reading', messages: [...messages, assistant(answer)] };
  },
  heldOut(random): HeldOutItem {
    const { messages, value } = reading(random, 'held-out');
    return { family: 'reading', messages, expect: { kind: 'says', all: [value] } };
  },
};
