/**
 * Functions that exist nowhere: a verb and a thing, with parameters that say what they are. They teach to choose by the
 * names in the prompt, which is all that there is when a developer brings functions of their own.
 */
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNoun, aNumber, aTopic, capitalised, colours, days, madeUpWord } from '../values.ts';
import type { ToolSpec, Values } from './tool-spec.ts';

const verbs =
  'check open find count read delete update get list start stop order book buy close print show save load rename move clean paint repair'.split(
    ' ',
  );

type Value = (random: Random, split: Split) => string | number;

/** What a parameter is called, what is put into it, and the word before it in the question. */
const parameters: readonly {
  readonly names: readonly string[];
  readonly value: Value;
  readonly before: readonly string[];
  readonly isNumber?: true;
}[] = [
  { names: ['name', 'user', 'person', 'customer', 'owner'], value: aFirstName, before: ['of', 'for'] },
  { names: ['city', 'location', 'place', 'town'], value: aCity, before: ['in'] },
  {
    names: ['id', 'number', 'code'],
    value: (random, split) => aNumber(random, split, 10, 99_999),
    before: ['', 'number', 'with the id'],
    isNumber: true,
  },
  { names: ['title', 'topic', 'label', 'query'], value: aTopic, before: ['about', 'called'] },
  { names: ['day', 'date'], value: (random) => random.pick(days), before: ['on', 'for'] },
  { names: ['color', 'colour'], value: (random) => random.pick(colours), before: ['in'] },
  { names: ['key', 'word', 'tag'], value: madeUpWord, before: ['with the word', 'called'] },
];

const states = ['ready', 'done', 'closed', 'open', 'empty', 'full', 'missing', 'broken', 'clean', 'new', 'old', 'sold'];

/** Mostly a usual name; now and then one that says nothing, so that it has to be looked up. */
function parameterName(random: Random, usual: readonly string[]): string {
  const name = random.pick(usual);
  if (random.chance(0.75)) return name;
  return random.pick([
    `${name}_${aNoun(random, 'train')}`,
    `${aNoun(random, 'train')}_${name}`,
    madeUpWord(random, 'train'),
  ]);
}

export function madeUpTool(random: Random, split: Split): ToolSpec {
  const verb = random.pick(verbs);
  const noun = aNoun(random, split);
  const name = random.chance(0.8) ? `${verb}_${noun}` : `${verb}${capitalised(noun)}`;
  const taken = random.sample(parameters, random.pick([0, 1, 1, 1, 1, 2]));
  const values = (r: Random, s: Split): Values =>
    Object.fromEntries(taken.map((parameter, i) => [`p${i}`, parameter.value(r, s)]));
  const befores = taken.map((parameter) => random.pick(parameter.before));
  const told = (v: Values): string =>
    taken.map((_, i) => ` ${befores[i]} ${v[`p${i}`]}`.replaceAll('  ', ' ')).join('');
  return {
    names: [name],
    descriptions: [
      `${capitalised(verb)} a ${noun}`,
      `${capitalised(verb)} the ${noun}`,
      `A function to ${verb} a ${noun}`,
    ],
    parameters: Object.fromEntries(taken.map((parameter, i) => [`p${i}`, [parameterName(random, parameter.names)]])),
    numbers: taken.flatMap(({ isNumber }, i) => (isNumber === true ? [`p${i}`] : [])),
    values,
    asked: [
      (v) => `${capitalised(verb)} the ${noun}${told(v)}.`,
      (v) => `Please ${verb} the ${noun}${told(v)}.`,
      (v) => `${verb} ${noun}${told(v)}`,
      (v) => `I want you to ${verb} the ${noun}${told(v)}.`,
    ],
    askedHeldOut: [(v) => `Can you ${verb} the ${noun}${told(v)}?`],
    result(r) {
      const value = r.chance(0.5) ? r.pick(states) : r.chance(0.5) ? r.integer(1, 999) : madeUpWord(r, 'train');
      const key = r.pick(['result', 'status', 'value', 'answer', noun]);
      return {
        value: r.chance(0.75) ? { [key]: value } : String(value),
        answer: `The ${noun} is ${value}.`,
        words: [String(value)],
      };
    },
  };
}
