/** Days, months, seasons and numbers: what comes after, what comes before, and which one is the third. */
import type { Fact } from './facts.ts';
import { days, months } from '../values.ts';

const ordinals = 'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth'.split(' ');

function around(topic: string, items: readonly string[], kind: string): Fact[] {
  return items.flatMap((item, i) => {
    const next = items[(i + 1) % items.length] as string;
    const previous = items[(i + items.length - 1) % items.length] as string;
    return [
      {
        topic,
        train: [`what comes after ${item}`, `which ${kind} comes after ${item}`, `which ${kind} follows ${item}`],
        heldOut: [`what ${kind} comes after ${item}`, `what ${kind} follows ${item}`],
        answer: `After ${item} comes ${next}.`,
        word: next,
      },
      {
        topic,
        train: [`what comes before ${item}`, `which ${kind} comes before ${item}`, `which ${kind} is before ${item}`],
        heldOut: [`what ${kind} comes before ${item}`, `what ${kind} is before ${item}`],
        answer: `Before ${item} comes ${previous}.`,
        word: previous,
      },
    ];
  });
}

function numbered(topic: string, items: readonly string[], kind: string, whole: string): Fact[] {
  return items.map((item, i) => ({
    topic,
    train: [
      `what is the ${ordinals[i]} ${kind} of the ${whole}`,
      `which ${kind} is the ${ordinals[i]} of the ${whole}`,
      `what is the ${ordinals[i]} ${kind}`,
    ],
    heldOut: [
      `what ${kind} is the ${ordinals[i]} of the ${whole}`,
      `which is the ${ordinals[i]} ${kind} of the ${whole}`,
    ],
    answer: `The ${ordinals[i]} ${kind} of the ${whole} is ${item}.`,
    word: item,
  }));
}

/** English names of the days that a month has. */
const lengths = '31 28 31 30 31 30 31 31 30 31 30 31'.split(' ');

const monthLengths: Fact[] = months.map((month, i) => ({
  topic: 'length of a month',
  train: [
    `how many days are in ${month}`,
    `how many days does ${month} have`,
    `how many days has ${month}`,
    `the number of days in ${month}`,
  ],
  heldOut: [`what is the number of days in ${month}`],
  answer: month === 'February' ? 'February has 28 days, and 29 in a leap year.' : `${month} has ${lengths[i]} days.`,
  word: lengths[i] as string,
}));

export const sequenceFacts: readonly Fact[] = [
  ...around('days', days, 'day'),
  ...around('months', months, 'month'),
  ...numbered('days', days, 'day', 'week'),
  ...numbered('months', months, 'month', 'year'),
  ...around('seasons', ['spring', 'summer', 'autumn', 'winter'], 'season'),
  ...monthLengths,
];
