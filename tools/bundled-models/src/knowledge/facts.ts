/** Single facts: how each is asked, in the words of the training text and in others, and its one answer. */
import { countries } from './countries.ts';
import { everydayFacts } from './everyday.ts';
import { sequenceFacts } from './sequences.ts';

export interface Fact {
  readonly topic: string;
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
  /** The usual answer: one sentence. */
  readonly answer: string;
  /** What a right answer has in it, and the whole answer where brevity is asked for. */
  readonly word: string;
}

const capitalFacts: Fact[] = countries.map(({ name, capital }) => ({
  topic: 'capital',
  train: [
    `what is the capital of ${name}`,
    `what's the capital of ${name}`,
    `which city is the capital of ${name}`,
    `what is the capital city of ${name}`,
    `name the capital of ${name}`,
    `the capital of ${name}`,
    `capital of ${name}`,
  ],
  heldOut: [
    `what city is the capital of ${name}`,
    `what is the name of the capital of ${name}`,
    `which is the capital city of ${name}`,
  ],
  answer: `The capital of ${name} is ${capital}.`,
  word: capital,
}));

/** The other way round, where the capital belongs to one country only. */
const capitalOwnerFacts: Fact[] = countries
  .filter(({ capital, name }) => capital !== 'London' || name === 'the United Kingdom')
  .map(({ name, capital }) => ({
    topic: 'country of a capital',
    train: [
      `${capital} is the capital of which country`,
      `which country has the capital ${capital}`,
      `of which country is ${capital} the capital`,
      `which country has ${capital} as its capital`,
      `what country is ${capital} the capital of`,
    ],
    heldOut: [`what country has ${capital} as its capital`, `${capital} is the capital of what country`],
    answer: `${capital} is the capital of ${name}.`,
    word: name.replace(/^the /, ''),
  }));

const continentFacts: Fact[] = countries.map(({ name, continent }) => ({
  topic: 'continent',
  train: [
    `on which continent is ${name}`,
    `which continent is ${name} in`,
    `which continent does ${name} belong to`,
    `in which continent does ${name} lie`,
    `in which continent is ${name}`,
    `what continent is ${name} on`,
  ],
  heldOut: [`to which continent does ${name} belong`, `which continent does ${name} lie in`],
  answer: `${name.charAt(0).toUpperCase()}${name.slice(1)} is in ${continent}.`,
  word: continent,
}));

const languageFacts: Fact[] = countries.flatMap(({ name, language }) =>
  language === undefined
    ? []
    : [
        {
          topic: 'language',
          train: [
            `what language do people speak in ${name}`,
            `which language is spoken in ${name}`,
            `which language do they speak in ${name}`,
            `what is the language of ${name}`,
          ],
          heldOut: [`what language is spoken in ${name}`, `which language do people speak in ${name}`],
          answer: `People in ${name} speak ${language}.`,
          word: language,
        },
      ],
);

const currencyFacts: Fact[] = countries.flatMap(({ name, currency }) =>
  currency === undefined
    ? []
    : [
        {
          topic: 'currency',
          train: [
            `what is the currency of ${name}`,
            `which currency is used in ${name}`,
            `what money do people use in ${name}`,
            `which money do people have in ${name}`,
            `what money is used in ${name}`,
            `which currency does ${name} have`,
          ],
          heldOut: [`what currency does ${name} use`, `which money is used in ${name}`],
          answer: `The currency of ${name} is ${currency}.`,
          word: currency.replace(/^the /, ''),
        },
      ],
);

export const facts: readonly Fact[] = [
  ...capitalFacts,
  ...capitalOwnerFacts,
  ...continentFacts,
  ...languageFacts,
  ...currencyFacts,
  ...everydayFacts,
  ...sequenceFacts,
];

export const topics: readonly string[] = [...new Set(facts.map((fact) => fact.topic))];

const byTopic = new Map(topics.map((topic) => [topic, facts.filter((fact) => fact.topic === topic)]));

export function factsOf(topic: string): readonly Fact[] {
  return byTopic.get(topic) ?? [];
}
