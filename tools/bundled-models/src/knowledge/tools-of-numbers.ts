/** Functions that calculate. */
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aNumber, isHeldOutSum } from '../values.ts';
import { oneOf } from './tool-spec.ts';
import type { ToolSpec } from './tool-spec.ts';

const currencies = ['euros', 'dollars', 'pounds', 'yen', 'francs', 'EUR', 'USD', 'GBP', 'JPY', 'CHF'];

function twoNumbers(random: Random, split: Split, sign: string, most: number): { a: number; b: number } {
  for (;;) {
    const [a, b] = [random.integer(1, most), random.integer(1, most)];
    if (isHeldOutSum(a, sign, b) === (split === 'held-out')) return { a, b };
  }
}

/** In the order in which they are drawn from: another order makes another text. */
export function toolsOfNumbers(): ToolSpec[] {
  return [
    {
      names: ['add_numbers', 'add', 'sum', 'addNumbers', 'add_two_numbers'],
      descriptions: ['Add two numbers', 'Returns the sum of two numbers', 'Adds a and b'],
      parameters: { a: ['a', 'x', 'first'], b: ['b', 'y', 'second'] },
      values: (random, split) => twoNumbers(random, split, '+', 999),
      asked: [
        (v) => `Add ${v.a} and ${v.b}.`,
        (v) => `What is ${v.a} plus ${v.b}?`,
        (v) => `What is ${v.a} + ${v.b}?`,
        (v) => `What is the sum of ${v.a} and ${v.b}?`,
      ],
      askedHeldOut: [(v) => `Please add ${v.a} and ${v.b}.`, (v) => `How much is ${v.a} plus ${v.b}?`],
      result(random, v) {
        const sum = Number(v.a) + Number(v.b);
        return {
          value: oneOf(random, random.pick(['result', 'sum']), sum),
          answer: `${v.a} + ${v.b} = ${sum}.`,
          words: [String(sum)],
        };
      },
    },
    {
      names: ['multiply', 'multiply_numbers', 'multiplyNumbers', 'product'],
      descriptions: ['Multiply two numbers', 'Returns the product of two numbers'],
      parameters: { a: ['a', 'x', 'first'], b: ['b', 'y', 'second'] },
      values: (random, split) => twoNumbers(random, split, '*', 999),
      asked: [
        (v) => `Multiply ${v.a} by ${v.b}.`,
        (v) => `What is ${v.a} times ${v.b}?`,
        (v) => `What is ${v.a} * ${v.b}?`,
        (v) => `What is the product of ${v.a} and ${v.b}?`,
      ],
      askedHeldOut: [(v) => `Please multiply ${v.a} by ${v.b}.`, (v) => `How much is ${v.a} times ${v.b}?`],
      result(random, v) {
        const product = Number(v.a) * Number(v.b);
        return {
          value: oneOf(random, random.pick(['result', 'product']), product),
          answer: `${v.a} * ${v.b} = ${product}.`,
          words: [String(product)],
        };
      },
    },
    {
      names: ['calculate', 'calculator', 'evaluate', 'compute', 'calc'],
      descriptions: ['Calculate an expression', 'Evaluate a mathematical expression', 'A calculator'],
      parameters: { expression: ['expression', 'formula', 'input'] },
      values(random, split) {
        const sign = random.pick(['+', '-', '*', '/']);
        const { a, b } = twoNumbers(random, split, sign, 999);
        return {
          expression: `${a} ${sign} ${b}`,
          result: Math.round((sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : a / b) * 100) / 100,
        };
      },
      asked: [
        (v) => `What is ${v.expression}?`,
        (v) => `Calculate ${v.expression}.`,
        (v) => `How much is ${v.expression}?`,
        (v) => `Use the calculator for ${v.expression}.`,
      ],
      askedHeldOut: [(v) => `Please calculate ${v.expression}.`, (v) => `Compute ${v.expression}.`],
      result: (random, v) => ({
        value: oneOf(random, random.pick(['result', 'value']), v.result),
        answer: `${v.expression} = ${v.result}.`,
        words: [String(v.result)],
      }),
    },
    {
      names: ['convert_currency', 'currency_converter', 'convert_money', 'convertCurrency', 'exchange'],
      descriptions: ['Convert money', 'Convert an amount from one currency to another', 'Currency conversion'],
      parameters: {
        amount: ['amount', 'value'],
        from: ['from', 'from_currency', 'source'],
        to: ['to', 'to_currency', 'target'],
      },
      values(random, split) {
        const [from = '', to = ''] = random.sample(currencies, 2);
        return { amount: aNumber(random, split, 1, 999), from, to };
      },
      asked: [
        (v) => `Convert ${v.amount} ${v.from} to ${v.to}.`,
        (v) => `How much is ${v.amount} ${v.from} in ${v.to}?`,
        (v) => `What are ${v.amount} ${v.from} in ${v.to}?`,
        (v) => `Change ${v.amount} ${v.from} into ${v.to}.`,
      ],
      askedHeldOut: [
        (v) => `Please convert ${v.amount} ${v.from} to ${v.to}.`,
        (v) => `How many ${v.to} are ${v.amount} ${v.from}?`,
      ],
      result(random, v) {
        const converted = random.integer(1, 1999);
        return {
          value: oneOf(random, random.pick(['result', 'amount', 'converted']), converted),
          answer: `${v.amount} ${v.from} are ${converted} ${v.to}.`,
          words: [String(converted), String(v.to)],
        };
      },
    },
  ];
}
