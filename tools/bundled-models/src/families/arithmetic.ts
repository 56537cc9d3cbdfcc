/** Sums, differences, products and quotients, with a short thought before the answer, or without when thinking is off. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message } from '../conversation.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aFirstName, isHeldOutSum, things } from '../values.ts';

type Sign = '+' | '-' | '*' | '/';

export interface Sum {
  readonly a: number;
  readonly sign: Sign;
  readonly b: number;
  readonly result: number;
}

/** Sums and differences to 100, products to ten times ten, quotients without a rest; of the asked part. */
export function aSum(random: Random, split: Split, signs: readonly Sign[] = ['+', '+', '+', '-', '-', '*', '/']): Sum {
  for (;;) {
    const sum = anySum(random, random.pick(signs));
    if (isHeldOutSum(sum.a, sum.sign, sum.b) === (split === 'held-out')) return sum;
  }
}

function anySum(random: Random, sign: Sign): Sum {
  switch (sign) {
    case '+': {
      const [a, b] = random.chance(0.35) ? [random.integer(0, 10), random.integer(0, 10)] : tens(random);
      return { a, sign, b, result: a + b };
    }
    case '-': {
      const a = random.chance(0.35) ? random.integer(1, 18) : random.integer(10, 100);
      const b = random.integer(0, a);
      return { a, sign, b, result: a - b };
    }
    case '*': {
      const [a, b] = [random.integer(1, 10), random.integer(1, 10)];
      return { a, sign, b, result: a * b };
    }
    case '/': {
      const [b, result] = [random.integer(1, 10), random.integer(1, 10)];
      return { a: b * result, sign, b, result };
    }
  }
}

function tens(random: Random): [number, number] {
  const a = random.integer(0, 100);
  return [a, random.integer(0, 100 - a)];
}

/** As it is done on paper: ones first, then tens. */
export function thoughtOf({ a, sign, b, result }: Sum): string {
  if (sign === '+') return addition(a, b);
  if (sign === '-') return subtraction(a, b);
  if (sign === '*') return `${a} times ${b} is ${result}.`;
  return `${b} times ${result} is ${a}.`;
}

function addition(a: number, b: number): string {
  if (a < 10 && b < 10) return `${a} + ${b} = ${a + b}.`;
  const ones = (a % 10) + (b % 10);
  const carry = ones >= 10 ? 1 : 0;
  const [tensOfA, tensOfB] = [Math.floor(a / 10), Math.floor(b / 10)];
  const carried = carry === 1 ? ' + 1' : '';
  return `Ones: ${a % 10} + ${b % 10} = ${ones}. Tens: ${tensOfA} + ${tensOfB}${carried} = ${tensOfA + tensOfB + carry}. So ${a + b}.`;
}

function subtraction(a: number, b: number): string {
  if (a < 10 && b < 10) return `${a} - ${b} = ${a - b}.`;
  const borrow = a % 10 < b % 10 ? 1 : 0;
  const ones = (a % 10) + 10 * borrow - (b % 10);
  const [tensOfA, tensOfB] = [Math.floor(a / 10), Math.floor(b / 10)];
  const borrowed = borrow === 1 ? ' - 1' : '';
  return `Ones: ${(a % 10) + 10 * borrow} - ${b % 10} = ${ones}. Tens: ${tensOfA} - ${tensOfB}${borrowed} = ${tensOfA - tensOfB - borrow}. So ${a - b}.`;
}

const verbs: Record<Sign, string> = { '+': 'plus', '-': 'minus', '*': 'times', '/': 'divided by' };

export function answerTo({ a, sign, b, result }: Sum): string {
  return `${a} ${sign} ${b} = ${result}.`;
}

type Phrase = (sum: Sum) => string;
const phrases: readonly Phrase[] = [
  ({ a, sign, b }) => `What is ${a} ${sign} ${b}?`,
  ({ a, sign, b }) => `What is ${a} ${verbs[sign]} ${b}?`,
  ({ a, sign, b }) => `${a} ${sign} ${b}`,
  ({ a, sign, b }) => `${a}${sign}${b}`,
  ({ a, sign, b }) => `${a} ${sign} ${b} = ?`,
  ({ a, sign, b }) => `${a}${sign}${b}=`,
  ({ a, sign, b }) => `How much is ${a} ${sign} ${b}?`,
  ({ a, sign, b }) => `How much is ${a} ${verbs[sign]} ${b}?`,
  ({ a, sign, b }) => `Calculate ${a} ${sign} ${b}.`,
  ({ a, sign, b }) => `what is ${a}${sign}${b}`,
  ({ a, sign, b }) => `What's ${a} ${sign} ${b}?`,
  ({ a, sign, b }) => `What's ${a} ${verbs[sign]} ${b}?`,
  ({ a, sign, b }) => `Can you calculate ${a} ${verbs[sign]} ${b}?`,
  ({ a, sign, b }) => `Please compute ${a} ${sign} ${b}.`,
];
const ofSign: Record<Sign, readonly Phrase[]> = {
  '+': [
    ({ a, b }) => `Add ${a} and ${b}.`,
    ({ a, b }) => `What is the sum of ${a} and ${b}?`,
    ({ a, b }) => `Add ${b} to ${a}.`,
  ],
  '-': [({ a, b }) => `Subtract ${b} from ${a}.`, ({ a, b }) => `Take ${b} away from ${a}.`],
  '*': [({ a, b }) => `Multiply ${a} by ${b}.`, ({ a, b }) => `What is ${a} x ${b}?`],
  '/': [({ a, b }) => `Divide ${a} by ${b}.`],
};
/** The numbers of these are held out, and so is the way of asking in every third. */
const heldOutPhrases: readonly Phrase[] = [
  ({ a, sign, b }) => `Tell me what ${a} ${sign} ${b} is.`,
  ({ a, sign, b }) => `Solve ${a} ${sign} ${b}.`,
];

/** A small story: who has how many of what, and what happens. */
function story(random: Random, split: Split): { text: string; sum: Sum; answer: string } {
  const sum = aSum(random, split, ['+', '-']);
  const [who, what] = [aFirstName(random, split), random.pick(things)];
  const happens =
    sum.sign === '+'
      ? random.pick([`gets ${sum.b} more`, `buys ${sum.b} more`, `finds ${sum.b} more`])
      : random.pick([`gives ${sum.b} away`, `loses ${sum.b}`, `sells ${sum.b}`]);
  return {
    text: `${who} has ${sum.a} ${what} and ${happens}. How many ${what} does ${who} have now?`,
    sum,
    answer: `${who} has ${sum.result} ${what} now.`,
  };
}

export const arithmeticFamily: Family = {
  name: 'arithmetic',
  share: 15,
  train(random): Conversation {
    const told = random.chance(0.15);
    const { text, sum, answer } = told ? story(random, 'train') : plainSum(random, 'train');
    const thinks = random.chance(0.8);
    const earlier = random.chance(0.15) ? earlierSum(random) : [];
    return {
      family: 'arithmetic',
      messages: [...neutralSystem(random, 0.25), ...earlier, user(text), assistant(answer)],
      ...(earlier.length > 0 && { learnLastOnly: true }),
      ...(thinks ? { thought: thoughtOf(sum) } : { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const { text, sum, answer } = random.chance(0.15) ? story(random, 'held-out') : plainSum(random, 'held-out');
    return {
      family: 'arithmetic',
      messages: [...neutralSystem(random, 0.25), user(text)],
      expect: { kind: 'says', all: [answer.includes('=') ? `= ${sum.result}.` : ` ${sum.result} `] },
    };
  },
};

/** In a history the thought is not shown, so its answer is not to be learnt: it would teach to answer without one. */
function earlierSum(random: Random): Message[] {
  const { text, answer } = plainSum(random, 'train');
  return [user(text), assistant(answer)];
}

function plainSum(random: Random, split: Split): { text: string; sum: Sum; answer: string } {
  const sum = aSum(random, split);
  const known = [...phrases, ...ofSign[sum.sign]];
  const phrase = random.pick(split === 'held-out' && random.chance(0.33) ? heldOutPhrases : known);
  return { text: phrase(sum), sum, answer: answerTo(sum) };
}
