/**
 * Pairs of sentences that mean the same, for xero-embed: what people write to a help desk, what is said about things, and
 * questions with their answers. A held-out pair has a sentence in words that the training text never puts together.
 */
import { exchanges } from '../knowledge/small-talk.ts';
import { facts } from '../knowledge/facts.ts';
import type { Random } from '../random.ts';
import { splitOf } from '../split.ts';
import type { Split } from '../split.ts';
import { capitalised } from '../values.ts';
import { concepts } from './concepts.ts';
import type { Concept } from './concepts.ts';
import { frames } from './frames.ts';
import { intents } from './intents.ts';

export interface Pair {
  readonly kind: 'intent' | 'thing' | 'question' | 'answer';
  readonly topic: string;
  /** Two pairs of the same meaning are no negatives of each other. */
  readonly meaning: string;
  readonly texts: readonly [string, string];
}

function intentPair(random: Random, split: Split): Pair {
  const index = random.integer(0, intents.length - 1);
  const { topic, train, heldOut } = intents[index] as (typeof intents)[number];
  const texts: [string, string] = split === 'train' ? twoOf(random, train) : [random.pick(heldOut), random.pick(train)];
  return {
    kind: 'intent',
    topic,
    meaning: `intent ${index}`,
    texts: [typed(random, texts[0]), typed(random, texts[1])],
  };
}

/** Which things are spoken of in which frames is split, too: a held-out pair is new in its words and in its meaning. */
function thingPair(random: Random, split: Split): Pair {
  for (;;) {
    const [concept, f] = [random.pick(concepts), random.integer(0, frames.length - 1)];
    const meaning = `${f} ${concept.words[0]}`;
    if (splitOf(meaning) !== split) continue;
    const frame = frames[f] as (typeof frames)[number];
    const [one, other] =
      split === 'train' ? twoOf(random, frame.train) : [random.pick(frame.heldOut), random.pick(frame.train)];
    const texts: [string, string] = [say(random, one, concept), say(random, other, concept)];
    return { kind: 'thing', topic: concept.topic, meaning, texts };
  }
}

function say(random: Random, frame: string, concept: Concept): string {
  const word = random.pick(concept.words);
  const withArticle =
    / (my|your|the|a|an|new|old|giant|huge|tiny|mini|ancient|best|lost|favourite|Which|What) X|^(The|My|Which|What) X|What X/;
  const article = withArticle.test(frame) || random.chance(0.3) ? '' : random.pick(['a ', 'the ', 'this ']);
  return typed(random, capitalised(frame.replaceAll('X', article + word)));
}

function questionPair(random: Random, split: Split): Pair {
  const index = random.integer(0, facts.length - 1);
  const fact = facts[index] as (typeof facts)[number];
  const [one, other] =
    split === 'train' ? twoOf(random, fact.train) : [random.pick(fact.heldOut), random.pick(fact.train)];
  const texts: [string, string] = [typed(random, `${capitalised(one)}?`), typed(random, `${capitalised(other)}?`)];
  return { kind: 'question', topic: fact.topic, meaning: `fact ${index}`, texts };
}

/** A question and the sentence that answers it: what a search over documents needs. */
function answerPair(random: Random, split: Split): Pair {
  if (random.chance(0.2)) {
    const index = random.integer(0, exchanges.length - 1);
    const exchange = exchanges[index] as (typeof exchanges)[number];
    const question = random.pick(split === 'train' ? exchange.train : exchange.heldOut);
    return {
      kind: 'answer',
      topic: 'small talk',
      meaning: `talk ${index}`,
      texts: [typed(random, question), exchange.answer],
    };
  }
  const index = random.integer(0, facts.length - 1);
  const fact = facts[index] as (typeof facts)[number];
  const question = `${capitalised(random.pick(split === 'train' ? fact.train : fact.heldOut))}?`;
  return { kind: 'answer', topic: fact.topic, meaning: `fact ${index}`, texts: [typed(random, question), fact.answer] };
}

/** With a full stop or without, in small letters, politely: as people type. */
function typed(random: Random, text: string): string {
  let result = random.chance(0.3) && !/[?.!]$/.test(text) ? `${text}.` : text;
  if (random.chance(0.1)) result = `Hello, ${result.charAt(0).toLowerCase()}${result.slice(1)}`;
  if (random.chance(0.15)) result = result.toLowerCase();
  return result;
}

function twoOf<T>(random: Random, items: readonly T[]): [T, T] {
  const [one, other = one] = random.sample(items, 2);
  return [one as T, other as T];
}

export function aPair(random: Random, split: Split): Pair {
  const kind = random.weighted([
    { share: 3, make: intentPair },
    { share: 5, make: thingPair },
    { share: 2, make: questionPair },
    { share: 2, make: answerPair },
  ]);
  return kind.make(random, split);
}
