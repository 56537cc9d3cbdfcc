/** Counting, the next number, which number is larger, even and odd. Long counts are also how a long answer is got. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { isHeldOutSum } from '../values.ts';

interface Task {
  readonly question: string;
  readonly answer: string;
}

/** Two numbers whose pair is of the asked part. */
function aPair(random: Random, split: Split, kind: string, most: number): [number, number] {
  for (;;) {
    const [a, b] = [random.integer(0, most), random.integer(0, most)];
    if (a !== b && isHeldOutSum(a, kind, b) === (split === 'held-out')) return [a, b];
  }
}

function count(random: Random, split: Split): Task {
  const far = random.chance(0.15) ? 100 : 40;
  for (;;) {
    const from = random.chance(0.5) ? 1 : random.integer(0, 60);
    const to = from + random.integer(2, far === 100 ? 99 : 20);
    if (isHeldOutSum(from, 'to', to) !== (split === 'held-out')) continue;
    const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const question = random.pick([
      `Count from ${from} to ${to}.`,
      `count from ${from} to ${to}`,
      `Please count from ${from} to ${to}.`,
      ...(from === 1 ? [`Count to ${to}.`, `Can you count to ${to}?`] : []),
    ]);
    return { question, answer: `${numbers.join(', ')}.` };
  }
}

function countDown(random: Random, split: Split): Task {
  for (;;) {
    const from = random.integer(3, 20);
    const to = random.integer(0, 1);
    if (isHeldOutSum(from, 'down to', to) !== (split === 'held-out')) continue;
    const numbers = Array.from({ length: from - to + 1 }, (_, i) => from - i);
    return { question: `Count down from ${from} to ${to}.`, answer: `${numbers.join(', ')}.` };
  }
}

function neighbour(random: Random, split: Split): Task {
  for (;;) {
    const number = random.integer(1, 99);
    if (isHeldOutSum(number, 'next', 1) !== (split === 'held-out')) continue;
    return random.chance(0.5)
      ? {
          question: random.pick([`What number comes after ${number}?`, `Which number comes after ${number}?`]),
          answer: `After ${number} comes ${number + 1}.`,
        }
      : {
          question: random.pick([`What number comes before ${number}?`, `Which number comes before ${number}?`]),
          answer: `Before ${number} comes ${number - 1}.`,
        };
  }
}

function larger(random: Random, split: Split): Task {
  const [a, b] = aPair(random, split, 'or', 100);
  const [word, result] = random.chance(0.6) ? ['larger', Math.max(a, b)] : ['smaller', Math.min(a, b)];
  return {
    question: random.pick([`Which number is ${word}, ${a} or ${b}?`, `Which is ${word}: ${a} or ${b}?`]),
    answer: `${result} is ${word}.`,
  };
}

function even(random: Random, split: Split): Task {
  for (;;) {
    const number = random.integer(0, 100);
    if (isHeldOutSum(number, 'even', 2) !== (split === 'held-out')) continue;
    return {
      question: random.pick([`Is ${number} even or odd?`, `Is the number ${number} even or odd?`]),
      answer: `${number} is ${number % 2 === 0 ? 'even' : 'odd'}.`,
    };
  }
}

function aTask(random: Random, split: Split): Task {
  const make = random.pick([count, count, countDown, neighbour, larger, even]);
  return make(random, split);
}

export const countingFamily: Family = {
  name: 'counting',
  share: 4,
  train(random): Conversation {
    const { question, answer } = aTask(random, 'train');
    return { family: 'counting', messages: [...neutralSystem(random), user(question), assistant(answer)] };
  },
  heldOut(random): HeldOutItem {
    const { question, answer } = aTask(random, 'held-out');
    return {
      family: 'counting',
      messages: [...neutralSystem(random), user(question)],
      expect: { kind: 'says', all: [answer] },
    };
  },
};
