/** Short poems, stories and lists. Each subject has one text: at temperature 1 a free choice of words goes astray. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import { lists, poems, stories } from '../knowledge/poems.ts';
import { days, months } from '../values.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';

interface Task {
  readonly question: string;
  readonly answer: string;
  /** In a right answer. */
  readonly words: readonly string[];
}

const poemRequests: Record<Split, readonly ((s: string) => string)[]> = {
  train: [
    (s) => `Write a poem about ${s}.`,
    (s) => `Write a short poem about ${s}.`,
    (s) => `Tell me a poem about ${s}.`,
    (s) => `A poem about ${s}, please.`,
    (s) => `write a poem about ${s}`,
    (s) => `Can you write a poem about ${s}?`,
    (s) => `Give me a poem about ${s}.`,
    (s) => `Write a haiku about ${s}.`,
    (s) => `Write me a poem about ${s}.`,
    (s) => `I want a poem about ${s}.`,
    (s) => `Please make a short poem about ${s}.`,
  ],
  'held-out': [
    (s) => `Please write a poem about ${s}.`,
    (s) => `I would like a poem about ${s}.`,
    (s) => `Make a poem about ${s}.`,
  ],
};
const storyRequests: Record<Split, readonly ((s: string) => string)[]> = {
  train: [
    (s) => `Tell me a story about ${s}.`,
    (s) => `Write a story about ${s}.`,
    (s) => `Write a short story about ${s}.`,
    (s) => `tell me a story about ${s}`,
    (s) => `I want a story about ${s}.`,
    (s) => `Please write a story about ${s}.`,
    (s) => `Can you tell me a story about ${s}?`,
  ],
  'held-out': [(s) => `Please tell me a story about ${s}.`, (s) => `I would like a story about ${s}.`],
};
const listRequests: Record<Split, readonly ((n: string, s: string) => string)[]> = {
  train: [
    (n, s) => `List ${n} ${s}.`,
    (n, s) => `Name ${n} ${s}.`,
    (n, s) => `Give me ${n} ${s}.`,
    (n, s) => `Give me a list of ${n} ${s}.`,
    (n, s) => `list ${n} ${s}`,
    (n, s) => `Can you name ${n} ${s}?`,
    (n, s) => `I want ${n} ${s}.`,
    (n, s) => `Please list ${n} ${s}.`,
    (n, s) => `Write a list of ${n} ${s}.`,
  ],
  'held-out': [(n, s) => `Please name ${n} ${s}.`, (n, s) => `Tell me ${n} ${s}.`, (n, s) => `I need ${n} ${s}.`],
};
const counts = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];

function poem(random: Random, split: Split): Task {
  if (split === 'train' && random.chance(0.2)) {
    const question = random.pick([
      'Write a poem.',
      'Write me a poem.',
      'Tell me a poem.',
      'A poem, please.',
      'Write a short poem.',
    ]);
    return { question, answer: poems['the moon'] as string, words: [] };
  }
  const [subject, text] = random.pick(Object.entries(poems));
  return { question: random.pick(poemRequests[split])(subject), answer: text, words: [text.split('\n')[0] as string] };
}

function story(random: Random, split: Split): Task {
  if (split === 'train' && random.chance(0.25)) {
    const question = random.pick([
      'Tell me a story.',
      'Write a story.',
      'Write a short story.',
      'Tell me a short story.',
      'Write a long story.',
    ]);
    return { question, answer: stories['a dragon'] as string, words: [] };
  }
  const [subject, text] = random.pick(Object.entries(stories));
  return {
    question: random.pick(storyRequests[split])(subject),
    answer: text,
    words: [text.slice(0, text.indexOf('.'))],
  };
}

function list(random: Random, split: Split): Task {
  const [subject, items] = random.pick(Object.entries(lists));
  const count = random.integer(2, 7);
  const howMany = random.chance(0.5) ? String(count) : (counts[count - 1] as string);
  const chosen = items.slice(0, count);
  return {
    question: random.pick(listRequests[split])(howMany, subject),
    answer: chosen.map((item, i) => `${i + 1}. ${item}`).join('\n'),
    words: [`${count}. ${chosen.at(-1)}`],
  };
}

function all(random: Random, split: Split): Task {
  const [name, items] = random.pick([
    ['the days of the week', days],
    ['the months of the year', months],
    ['the seasons', ['spring', 'summer', 'autumn', 'winter']],
    ['the planets', ['Mercury', 'Venus', 'Earth', 'Mars', 'Jupiter', 'Saturn', 'Uranus', 'Neptune']],
    ['the continents', ['Africa', 'Asia', 'Europe', 'North America', 'South America', 'Oceania', 'Antarctica']],
    ['the letters of the alphabet', 'A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'.split(' ')],
    ['the colours of the rainbow', ['red', 'orange', 'yellow', 'green', 'blue', 'indigo', 'violet']],
  ] as [string, readonly string[]][]);
  const ways: Record<Split, string[]> = {
    train: [`List ${name}.`, `Name ${name}.`, `What are ${name}?`, `Tell me ${name}.`, `Name all ${name}.`],
    'held-out': [`Please list ${name}.`, `Which are ${name}?`],
  };
  return { question: random.pick(ways[split]), answer: `${items.join(', ')}.`, words: [items.join(', ')] };
}

export const poemFamily: Family = {
  name: 'poems and lists',
  share: 9,
  train(random): Conversation {
    const { question, answer } = random.pick([poem, poem, story, list, list, all])(random, 'train');
    return { family: 'poems and lists', messages: [...neutralSystem(random), user(question), assistant(answer)] };
  },
  heldOut(random): HeldOutItem {
    const { question, words } = random.pick([poem, poem, story, list, list, all])(random, 'held-out');
    return {
      family: 'poems and lists',
      messages: [...neutralSystem(random), user(question)],
      expect: { kind: 'says', all: words },
    };
  },
};
