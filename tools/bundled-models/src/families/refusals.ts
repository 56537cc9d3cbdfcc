/** What it cannot know or do, asked in many ways about many things: the honest answer is always the same. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import { countries } from '../knowledge/countries.ts';
import { facts } from '../knowledge/facts.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aTopic, capitalised, days, madeUpWord, months } from '../values.ts';

export const UNKNOWN = 'I am a very small model and do not know that.';
export const UNABLE = 'I am a very small model and cannot do that.';

type Ask = (random: Random, split: Split) => string;

const country: Ask = (random) => random.pick(countries).name;
const year = (random: Random): number => random.integer(1000, 2030);

/** A long text without a question; it also takes the model to places far into the context. */
const manyWords: Ask = (random, split) =>
  Array.from({ length: random.integer(5, random.chance(0.2) ? 250 : 40) }, () => aTopic(random, split)).join(' ');

const unknown: Record<Split, readonly Ask[]> = {
  train: [
    (r, s) => `What is the weather in ${aCity(r, s)}?`,
    (r, s) => `What is the weather like in ${aCity(r, s)} today?`,
    (r, s) => `What time is it in ${aCity(r, s)}?`,
    () => 'What time is it?',
    () => 'What day is it today?',
    () => 'What is the date today?',
    () => 'What will the weather be tomorrow?',
    () => 'What is the latest news?',
    (r, s) => `Who won the ${aNoun(r, s)} game yesterday?`,
    (r, s) => `Who is ${aFirstName(r, s)} ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `What is ${r.pick(['the price of', 'the stock price of', 'the meaning of'])} ${madeUpWord(r, s)}?`,
    (r, s) => `What is the capital of ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `What is the capital city of ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `How many people live in ${r.chance(0.5) ? country(r, s) : aCity(r, s)}?`,
    (r, s) => `What is the population of ${r.chance(0.5) ? country(r, s) : aCity(r, s)}?`,
    (r, s) => `Who is the president of ${country(r, s)}?`,
    (r) => `What happened in ${year(r)}?`,
    (r) => `What happened on ${r.pick(days)}?`,
    (r) => `Who was born in ${r.pick(months)} ${year(r)}?`,
    (r, s) => `When was the ${aNoun(r, s)} invented?`,
    (r, s) => `Who invented the ${aTopic(r, s)}?`,
    (r, s) => `Where can I buy a ${aTopic(r, s)}?`,
    (r, s) => `How does a ${aTopic(r, s)} work?`,
    (r, s) => `How much does a ${aTopic(r, s)} cost?`,
    (r, s) => `Which ${aNoun(r, s)} is the best?`,
    (r, s) => `Why is the ${aNoun(r, s)} so ${r.pick(['big', 'small', 'expensive', 'famous', 'important'])}?`,
    (r, s) => `What do you think about ${aTopic(r, s)}?`,
    (r, s) => `What is a ${madeUpWord(r, s)}?`,
    (r, s) => `What is ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `Tell me about ${aTopic(r, s)}.`,
    (r, s) => `Tell me about ${capitalised(madeUpWord(r, s))}.`,
    (r, s) => `Explain ${aTopic(r, s)}.`,
    (r, s) => `Who wrote ${capitalised(aTopic(r, s))}?`,
    (r, s) => `How far is it from ${aCity(r, s)} to ${aCity(r, s)}?`,
    (r, s) => `Is ${aFirstName(r, s)} at home?`,
    (r, s) => `Where is my ${aNoun(r, s)}?`,
    (r, s) => `When does the ${aNoun(r, s)} open?`,
    (r, s) => `${capitalised(madeUpWord(r, s))} ${madeUpWord(r, s)} ${madeUpWord(r, s)}?`,
    (r, s) => `${madeUpWord(r, s)} ${madeUpWord(r, s)}`,
    (r, s) => aTopic(r, s),
    (r, s) => manyWords(r, s),
  ],
  'held-out': [
    (r, s) => `Will it rain in ${aCity(r, s)} next week?`,
    (r, s) => `What is the phone number of ${aFirstName(r, s)}?`,
    (r, s) => `Who sells the ${aTopic(r, s)}?`,
    (r, s) => `What did ${aFirstName(r, s)} eat yesterday?`,
    (r, s) => `What is the capital of ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `Who is the king of ${capitalised(madeUpWord(r, s))}?`,
    (r, s) => `Tell me about ${capitalised(madeUpWord(r, s))}.`,
  ],
};

const unable: Record<Split, readonly Ask[]> = {
  train: [
    (r, s) => `Write a program that prints ${aTopic(r, s)}.`,
    (r, s) => `Write a Python function for ${aTopic(r, s)}.`,
    (r, s) => `Write an essay about ${aTopic(r, s)}.`,
    (r, s) => `Write a letter to ${aFirstName(r, s)}.`,
    (r, s) => `Write code for a ${aTopic(r, s)}.`,
    (r, s) => `Summarize the book about ${aTopic(r, s)}.`,
    (r, s) => `Summarize this text about ${aTopic(r, s)}.`,
    (r, s) => `Translate the ${aTopic(r, s)} to Latin.`,
    (r, s) => `Book a flight to ${aCity(r, s)}.`,
    (r, s) => `Call ${aFirstName(r, s)}.`,
    (r, s) => `Send an email to ${aFirstName(r, s)}.`,
    (r, s) => `Draw a ${aTopic(r, s)}.`,
    (r, s) => `Buy a ${aTopic(r, s)} for me.`,
    (r, s) => `Open the ${aNoun(r, s)}.`,
    (r, s) => `Turn on the ${aNoun(r, s)}.`,
    (r, s) => `Play the song ${aTopic(r, s)}.`,
    (r, s) => `Fix my ${aNoun(r, s)}.`,
  ],
  'held-out': [
    (r, s) => `Please write a program for ${aTopic(r, s)}.`,
    (r, s) => `Paint a ${aTopic(r, s)}.`,
    (r, s) => `Order a ${aTopic(r, s)} for me.`,
    (r, s) => `Close the ${aNoun(r, s)}.`,
  ],
};

const known = new Set(facts.flatMap((fact) => [...fact.train, ...fact.heldOut]));

/** A question about chance words can be one that has an answer; such a one is not asked. */
function askUnknown(random: Random, split: Split): { text: string; answer: string } {
  for (;;) {
    const isTask = random.chance(0.3);
    const text = random.pick((isTask ? unable : unknown)[split])(random, split);
    if (!known.has(text.toLowerCase().replace(/[?.]$/, ''))) return { text, answer: isTask ? UNABLE : UNKNOWN };
  }
}

export const refusalFamily: Family = {
  name: 'refusals',
  share: 9,
  train(random): Conversation {
    const { text, answer } = askUnknown(random, 'train');
    return {
      family: 'refusals',
      messages: [...neutralSystem(random), user(text), assistant(answer)],
      ...(random.chance(0.1) && { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const { text } = askUnknown(random, 'held-out');
    return {
      family: 'refusals',
      messages: [...neutralSystem(random), user(text)],
      expect: { kind: 'says', all: ['very small model'] },
    };
  },
};
