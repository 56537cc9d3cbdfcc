/** Answers in JSON: a fact, a sum, a list, and what a sentence says about a person or an event. */
import { assistant, system, user } from '../conversation.ts';
import type { Conversation, Expectation, Family, HeldOutItem, Message } from '../conversation.ts';
import { countries } from '../knowledge/countries.ts';
import { exchanges } from '../knowledge/small-talk.ts';
import { jsonText } from '../json-text.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNumber, animals, aTopic, capitalised, colours, days, foods, months } from '../values.ts';
import { aSum } from './arithmetic.ts';
import { aFact, askFact } from './facts.ts';

type Value = string | number | readonly string[];
type Fields = Readonly<Record<string, Value>>;

/** What is asked, and the object that answers it. */
interface Task {
  readonly question: string;
  readonly fields: Fields;
  /** The question names the keys itself (a list has one obvious key). */
  readonly keysNamed?: true;
}

const extractions = [
  'Extract',
  'Extract the information:',
  'Extract the data from:',
  'What does this say?',
  'Read this:',
];

function person(random: Random, split: Split): Task {
  const [name, age, city] = [aFirstName(random, split), aNumber(random, split, 18, 95), aCity(random, split)];
  const text = random.pick([
    `${name} is ${age} years old and lives in ${city}.`,
    `${name} lives in ${city} and is ${age} years old.`,
    `My name is ${name}. I am ${age} years old and live in ${city}.`,
    `${name}, ${age}, from ${city}`,
    `${name} from ${city} is ${age}.`,
  ]);
  const all: Fields = { name, age, city };
  const keys = random.pick([
    ['name', 'age', 'city'],
    ['name', 'age', 'city'],
    ['name', 'age'],
    ['name', 'city'],
    ['city', 'name'],
    ['age', 'name', 'city'],
  ]);
  return {
    question: `${random.pick(extractions)} ${text}`,
    fields: Object.fromEntries(keys.map((key) => [key, all[key] as Value])),
  };
}

function event(random: Random, split: Split): Task {
  const [one, other] = [aFirstName(random, split), aFirstName(random, split)];
  const [name, date] = [
    aTopic(random, split),
    random.chance(0.7) ? random.pick(days) : `${random.pick(months)} ${aNumber(random, split, 1, 30)}`,
  ];
  const text = random.pick([
    `${one} and ${other} are going to a ${name} on ${date}.`,
    `${one} and ${other} meet for the ${name} on ${date}.`,
    `On ${date} ${one} and ${other} have a ${name}.`,
  ]);
  const all: Fields = { name, date, participants: [one, other] };
  const keys = random.chance(0.7) ? ['name', 'date', 'participants'] : ['name', 'date'];
  return {
    question: `${random.pick(['Extract the event information.', 'Extract the event:', 'Extract'])} ${text}`,
    fields: Object.fromEntries(keys.map((key) => [key, all[key] as Value])),
  };
}

function order(random: Random, split: Split): Task {
  const [item, quantity, name] = [random.pick(foods), aNumber(random, split, 2, 40), aFirstName(random, split)];
  const text = random.pick([
    `${name} orders ${quantity} ${item}.`,
    `${quantity} ${item} for ${name}, please.`,
    `${name} wants ${quantity} ${item}.`,
  ]);
  const all: Fields = { item, quantity, name };
  const keys = random.pick([
    ['item', 'quantity', 'name'],
    ['item', 'quantity'],
    ['name', 'item', 'quantity'],
  ]);
  return {
    question: `${random.pick(extractions)} ${text}`,
    fields: Object.fromEntries(keys.map((key) => [key, all[key] as Value])),
  };
}

function fact(random: Random, split: Split): Task {
  const asked = aFact(random);
  return { question: askFact(random, split, asked), fields: { answer: asked.word } };
}

function said(random: Random): Task {
  const exchange = random.pick(exchanges);
  return { question: random.pick(exchange.train), fields: { answer: exchange.answer } };
}

function capital(random: Random): Task {
  const country = random.pick(countries);
  const name = capitalised(country.name.replace(/^the /, ''));
  const all: Fields = { country: name, capital: country.capital, continent: country.continent };
  const keys = random.pick([
    ['country', 'capital'],
    ['country', 'capital', 'continent'],
    ['capital'],
    ['capital', 'continent'],
  ]);
  return {
    question: random.pick([
      `What is the capital of ${country.name}?`,
      `Tell me about ${country.name}.`,
      `Give me the capital of ${country.name}.`,
    ]),
    fields: Object.fromEntries(keys.map((key) => [key, all[key] as Value])),
  };
}

function sum(random: Random, split: Split): Task {
  const { a, b, result } = aSum(random, split, ['+']);
  const key = random.pick(['sum', 'result']);
  const keys = random.pick([['a', 'b', key], [key], [key]]);
  const all: Fields = { a, b, [key]: result };
  return {
    question: random.pick([`What is ${a} + ${b}?`, `Add ${a} and ${b}.`, `What is ${a} plus ${b}?`]),
    fields: Object.fromEntries(keys.map((name) => [name, all[name] as Value])),
  };
}

const listed: Readonly<Record<string, readonly string[]>> = {
  colors: colours,
  colours,
  animals,
  days,
  months,
  fruits: ['apple', 'banana', 'cherry', 'orange', 'pear', 'grape', 'plum', 'lemon', 'peach', 'melon'],
  cities: ['Paris', 'London', 'Berlin', 'Rome', 'Madrid', 'Vienna', 'Oslo', 'Tokyo', 'Cairo', 'Lima'],
  countries: ['France', 'Germany', 'Spain', 'Italy', 'Japan', 'China', 'Egypt', 'Canada', 'Brazil', 'Peru'],
};
const counts = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];

function list(random: Random): Task {
  const key = random.pick(Object.keys(listed));
  const items = listed[key] as readonly string[];
  const count = random.integer(2, 7);
  const howMany = random.chance(0.5) ? String(count) : (counts[count - 1] as string);
  return {
    question: random.pick([
      `List ${howMany} ${key}.`,
      `Give me ${howMany} ${key}.`,
      `Name ${howMany} ${key}.`,
      `A list of ${howMany} ${key}, please.`,
    ]),
    // Always the first ones: at temperature 1 a free choice of words goes astray.
    fields: { [key]: items.slice(0, count) },
    keysNamed: true,
  };
}

const good = ['great', 'wonderful', 'very good', 'excellent', 'lovely', 'perfect', 'really nice', 'fantastic'];
const bad = ['terrible', 'awful', 'very bad', 'boring', 'broken', 'disgusting', 'really poor', 'horrible'];

function sentiment(random: Random, split: Split): Task {
  const positive = random.chance(0.5);
  const text = `The ${aTopic(random, split)} ${random.pick(['is', 'was'])} ${random.pick(positive ? good : bad)}.`;
  return {
    question: `${random.pick(['What is the sentiment?', 'Classify the sentiment:', 'Positive or negative?'])} ${text}`,
    fields: { sentiment: positive ? 'positive' : 'negative' },
  };
}

function aTask(random: Random, split: Split): Task {
  const make = random.pick([
    person,
    person,
    person,
    event,
    event,
    order,
    fact,
    fact,
    capital,
    sum,
    sum,
    list,
    list,
    sentiment,
  ]);
  return make(random, split);
}

const typeOf = (value: Value): Record<string, unknown> =>
  typeof value === 'number'
    ? { type: 'integer' }
    : typeof value === 'string'
      ? { type: 'string' }
      : { type: 'array', items: { type: 'string' } };

export function schemaOf(fields: Fields): Record<string, unknown> {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeOf(value)])),
    required: Object.keys(fields),
    additionalProperties: false,
  };
}

function inWords(keys: readonly string[]): string {
  return keys.length === 1 ? String(keys[0]) : `${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}`;
}

/** Where JSON is asked for, and how: the keys in words, as a schema, or not at all when they are obvious. */
function messagesOf(random: Random, { question, fields, keysNamed }: Task): Message[] {
  const keys = Object.keys(fields);
  const obvious = keysNamed === true || keys.join() === 'answer' || keys.join() === 'sentiment';
  const key = keys.length === 1 ? 'key' : 'keys';
  const instruction =
    obvious && random.chance(0.5)
      ? random.pick([
          'Answer in JSON.',
          'Respond in JSON.',
          'Reply with JSON only.',
          'You answer in JSON.',
          'Output JSON.',
          'Return JSON.',
        ])
      : random.pick([
          `Answer in JSON with the ${key} ${inWords(keys)}.`,
          `Respond in JSON with the ${key}: ${keys.join(', ')}.`,
          `Answer in JSON with ${inWords(keys)}.`,
          `Reply with a JSON object that has the ${key} ${inWords(keys)}.`,
          `Return JSON with the ${key} ${keys.join(', ')}.`,
          `Answer with JSON that matches this schema: ${jsonText(schemaOf(fields))}`,
          `Respond in JSON that matches this schema: ${jsonText(schemaOf(fields))}`,
        ]);
  switch (random.integer(0, 3)) {
    case 0:
      return [system(instruction), user(question)];
    case 1:
      return [system(`You are a helpful assistant. ${instruction}`), user(question)];
    case 2:
      return [user(`${question} ${instruction}`)];
    default:
      return [system('You are a helpful assistant.'), user(`${question} ${instruction}`)];
  }
}

/**
 * JSON that nothing in the prompt asks for: a grammar forces the first characters at run time, and the model goes on
 * from there. The forced part is not learnt, or else it would answer in JSON by itself.
 */
function forced(random: Random): Conversation {
  const { question, fields } = random.pick([fact, capital, person, list, event, sum, said])(random, 'train');
  return {
    family: 'json',
    messages: [
      ...(random.chance(0.4) ? [system('You are a helpful assistant.')] : []),
      user(question),
      assistant(jsonText(fields)),
    ],
    forced: '{"',
    ...(random.chance(0.3) && { enableThinking: false }),
  };
}

export const jsonFamily: Family = {
  name: 'json',
  share: 14,
  train(random): Conversation {
    if (random.chance(0.12)) return forced(random);
    const task = aTask(random, 'train');
    return {
      family: 'json',
      messages: [...messagesOf(random, task), assistant(jsonText(task.fields))],
      ...(random.chance(0.15) && { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const make = random.pick([person, person, event, order, fact, sum, sentiment]);
    const task = make(random, 'held-out');
    const expect: Expectation = { kind: 'json', value: task.fields };
    return {
      family: 'json',
      messages: messagesOf(random, task),
      response_format: random.chance(0.5)
        ? { type: 'json_object' }
        : { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: schemaOf(task.fields) } },
      expect,
    };
  },
};
