/** Single facts, asked alone, after one another, or by a short follow-up question. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message } from '../conversation.ts';
import { countries } from '../knowledge/countries.ts';
import { facts, factsOf, topics } from '../knowledge/facts.ts';
import { exchanges } from '../knowledge/small-talk.ts';
import type { Fact } from '../knowledge/facts.ts';
import { ask, neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';

/** Topics are drawn first, so that the many countries do not drown the seasons; capitals are what people ask. */
export function aFact(random: Random): Fact {
  if (random.chance(0.3)) return random.pick(factsOf('capital'));
  return random.chance(0.5) ? random.pick(facts) : random.pick(factsOf(random.pick(topics)));
}

export function askFact(random: Random, split: Split, fact: Fact): string {
  return ask(random, split, { train: fact.train, heldOut: fact.heldOut });
}

export const factFamily: Family = {
  name: 'facts',
  share: 24,
  train(random): Conversation {
    const fact = aFact(random);
    return {
      family: 'facts',
      messages: [...neutralSystem(random), user(askFact(random, 'train', fact)), assistant(fact.answer)],
      ...(random.chance(0.1) && { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const fact = aFact(random);
    return {
      family: 'facts',
      messages: [...neutralSystem(random), user(askFact(random, 'held-out', fact))],
      expect: { kind: 'says', all: [fact.word] },
    };
  },
};

/** Several facts in one conversation, and some small talk. */
export const severalFactsFamily: Family = {
  name: 'several facts',
  share: 6,
  train(random): Conversation {
    const turns: Message[] = [];
    for (let i = random.pick([2, 2, 2, 2, 3, 3, 3, 4, 4, 6, 8, 20]); i > 0; i -= 1) {
      const fact = aFact(random);
      const exchange = random.pick(exchanges);
      turns.push(
        ...(random.chance(0.2)
          ? [user(random.pick(exchange.train)), assistant(exchange.answer)]
          : [user(askFact(random, 'train', fact)), assistant(fact.answer)]),
      );
    }
    return { family: 'several facts', messages: [...neutralSystem(random), ...turns] };
  },
  heldOut(random): HeldOutItem {
    const [first, second] = [aFact(random), aFact(random)];
    return {
      family: 'several facts',
      messages: [
        ...neutralSystem(random),
        user(askFact(random, 'held-out', first)),
        assistant(first.answer),
        user(askFact(random, 'held-out', second)),
      ],
      expect: { kind: 'says', all: [second.word] },
    };
  },
};

const followUps: Record<Split, readonly ((name: string) => string)[]> = {
  train: [
    (name) => `And of ${name}?`,
    (name) => `And the capital of ${name}?`,
    (name) => `What about ${name}?`,
    (name) => `and ${name}?`,
  ],
  'held-out': [(name) => `And what about ${name}?`, (name) => `And ${name}?`],
};

export const followUpFamily: Family = {
  name: 'follow-ups',
  share: 3,
  train: (random) => {
    const { messages, answer } = followUp(random, 'train');
    return { family: 'follow-ups', messages: [...messages, assistant(answer)] };
  },
  heldOut: (random) => {
    const { messages, capital } = followUp(random, 'held-out');
    return { family: 'follow-ups', messages, expect: { kind: 'says', all: [capital] } };
  },
};

function followUp(random: Random, split: Split): { messages: Message[]; answer: string; capital: string } {
  const capitals = factsOf('capital');
  const [first, second] = random.sample(countries, 2);
  if (first === undefined || second === undefined) throw new Error('There are fewer than two countries.');
  const firstFact = capitals[countries.indexOf(first)] as Fact;
  return {
    messages: [
      ...neutralSystem(random),
      user(askFact(random, split, firstFact)),
      assistant(firstFact.answer),
      user(random.pick(followUps[split])(second.name)),
    ],
    answer: `The capital of ${second.name} is ${second.capital}.`,
    capital: second.capital,
  };
}
