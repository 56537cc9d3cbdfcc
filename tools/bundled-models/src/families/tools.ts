/** Tool calls with arguments copied from the question, answers made of results, and no call when none is needed. */
import { assistant, system, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message, Tool, ToolCall } from '../conversation.ts';
import { jsonText } from '../json-text.ts';
import { exchanges } from '../knowledge/small-talk.ts';
import { madeUpTool } from '../knowledge/made-up-tools.ts';
import { toolSpecs } from '../knowledge/tool-specs.ts';
import type { ToolSpec, Values } from '../knowledge/tool-spec.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { madeUpWord } from '../values.ts';
import { aFact, askFact } from './facts.ts';

/** One function as a developer declared it: which of its names, and which names its parameters have. */
interface Declared {
  readonly spec: ToolSpec;
  readonly tool: Tool;
  readonly nameOf: Readonly<Record<string, string>>;
  readonly hasUnit: boolean;
}

const numeric = new Set(['a', 'b', 'minutes', 'amount']);

function declare(random: Random, spec: ToolSpec): Declared {
  const usual = random.chance(0.4);
  // Now and then a name that means nothing, so that names are copied and never remembered.
  const suffix = !usual && random.chance(0.2) ? `_${madeUpWord(random, 'train')}` : '';
  const name = (usual ? (spec.names[0] as string) : random.pick(spec.names)) + suffix;
  const nameOf = Object.fromEntries(
    Object.entries(spec.parameters).map(([key, names]) => [key, usual ? (names[0] as string) : random.pick(names)]),
  );
  const hasUnit = spec.unit !== undefined && random.chance(0.3);
  if (spec.unit !== undefined && hasUnit) nameOf.unit = random.pick(spec.unit.names);
  const parameters = Object.fromEntries(
    Object.entries(nameOf).map(([key, parameter]) => [
      parameter,
      { type: numeric.has(key) || spec.numbers?.includes(key) === true ? 'number' : 'string' },
    ]),
  );
  const description = random.chance(0.9) ? { description: random.pick(spec.descriptions) } : {};
  return {
    spec,
    nameOf,
    hasUnit,
    tool: {
      type: 'function',
      function: {
        name,
        ...description,
        parameters: { type: 'object', properties: parameters, required: Object.values(nameOf) },
      },
    },
  };
}

/** Functions that answer the same question are never offered together: no call would be wrong then. */
const rivals: readonly (readonly string[])[] = [
  ['get_weather', 'get_temperature'],
  ['search_web', 'search_documents'],
  ['add_numbers', 'calculate', 'multiply'],
  ['send_email', 'send_message'],
];

function areRivals(one: ToolSpec, other: ToolSpec): boolean {
  const [a, b] = [one.names[0] as string, other.names[0] as string];
  return rivals.some((group) => group.includes(a) && group.includes(b));
}

function offer(random: Random, wanted: ToolSpec): { declared: Declared; tools: Tool[] } {
  const declared = declare(random, wanted);
  const others: Declared[] = [];
  const count = random.pick([0, 0, 1, 1, 2, 3]);
  for (const known of random.shuffle(toolSpecs)) {
    // A made-up one beside a made-up one is the harder choice.
    const spec = random.chance(toolSpecs.includes(wanted) ? 0.2 : 0.6) ? madeUpTool(random, 'train') : known;
    if (others.length === count) break;
    if (spec === wanted || [wanted, ...others.map((other) => other.spec)].some((taken) => areRivals(spec, taken)))
      continue;
    const other = declare(random, spec);
    if ([declared, ...others].every(({ tool }) => tool.function.name !== other.tool.function.name)) others.push(other);
  }
  return { declared, tools: random.shuffle([declared, ...others]).map(({ tool }) => tool) };
}

function argumentsOf(declared: Declared, values: Values): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(declared.nameOf).map(([key, parameter]) => [parameter, values[key] as string | number]),
  );
}

function call(declared: Declared, values: Values, number: number): ToolCall {
  return {
    id: `call_${number}`,
    type: 'function',
    function: { name: declared.tool.function.name, arguments: JSON.stringify(argumentsOf(declared, values)) },
  };
}

const calling = (calls: readonly ToolCall[]): Message => ({ role: 'assistant', content: null, tool_calls: calls });

/** Programs print JSON with spaces or without. */
function textOf(random: Random, value: unknown): string {
  if (typeof value === 'string') return value;
  return random.chance(0.5) ? JSON.stringify(value) : jsonText(value);
}

interface Asked {
  readonly messages: Message[];
  readonly tools: Tool[];
  readonly declared: Declared;
  readonly values: readonly Values[];
}

const systems = [
  'You are a helpful assistant.',
  'Use the tools.',
  'You can call functions.',
  'You are an assistant with tools.',
];

function before(random: Random): Message[] {
  return random.chance(0.2) ? [system(random.pick(systems))] : neutralSystem(random, 0.2);
}

function oneQuestion(random: Random, split: Split): Asked {
  const { declared, tools } = offer(random, random.chance(0.25) ? madeUpTool(random, split) : random.pick(toolSpecs));
  const { question, values } = anotherQuestion(random, split, declared);
  return { messages: [...before(random), user(question)], tools, declared, values: [values] };
}

/** A question that the function answers, and the values that it is to be called with. */
function anotherQuestion(
  random: Random,
  split: Split,
  { spec, hasUnit }: Declared,
): { question: string; values: Values } {
  const values = spec.values(random, split);
  const ways = split === 'train' ? spec.asked : [...spec.asked, ...spec.askedHeldOut];
  const question = random.pick(ways)(values);
  if (!hasUnit || spec.unit === undefined) return { question, values };
  const unit = random.pick(spec.unit.values);
  if (random.chance(0.5)) return { question, values: { ...values, unit: spec.unit.values[0] as string } };
  return { question: question.replace(/[?.]?$/, (end) => ` in ${unit}${end}`), values: { ...values, unit } };
}

/** Two cities in one question are two calls. */
function twoCities(random: Random, split: Split): Asked {
  const cityTools = toolSpecs.filter((spec) => Object.keys(spec.parameters).join() === 'city');
  const { declared, tools } = offer(random, random.pick(cityTools));
  if (declared.hasUnit) return twoCities(random, split);
  const [one, other] = [declared.spec.values(random, split), declared.spec.values(random, split)];
  if (one.city === other.city) return twoCities(random, split);
  const both = { city: `${one.city} and ${other.city}` };
  const way = random.pick(declared.spec.asked.slice(0, 3));
  return { messages: [...before(random), user(way(both))], tools, declared, values: [one, other] };
}

export const toolCallFamily: Family = {
  name: 'tool calls',
  share: 28,
  train(random): Conversation {
    const { messages, tools, declared, values } = random.chance(0.1)
      ? twoCities(random, 'train')
      : oneQuestion(random, 'train');
    const earlier = random.chance(0.15) ? smallTurn(random, 'train') : [];
    return {
      family: 'tool calls',
      messages: [...insertTurn(messages, earlier), calling(values.map((value, i) => call(declared, value, i + 1)))],
      tools,
      ...(random.chance(0.1) && { enableThinking: false }),
    };
  },
  heldOut(random): HeldOutItem {
    const { messages, tools, declared, values } = random.chance(0.1)
      ? twoCities(random, 'held-out')
      : oneQuestion(random, 'held-out');
    const calls = values.map((value) => ({
      name: declared.tool.function.name,
      arguments: argumentsOf(declared, value),
    }));
    return { family: 'tool calls', messages, tools, expect: { kind: 'calls', calls } };
  },
};

function insertTurn(messages: readonly Message[], turn: readonly Message[]): Message[] {
  return [...messages.slice(0, -1), ...turn, ...messages.slice(-1)];
}

/** Question, call and result; then the answer. */
export const toolResultFamily: Family = {
  name: 'tool results',
  share: 10,
  train(random): Conversation {
    const { messages, tools, answer, declared } = answered(random, 'train');
    const all: Message[] = [...messages, assistant(answer)];
    if (random.chance(0.12)) all.push(...smallTurn(random, 'train'));
    else if (random.chance(0.2)) {
      const { question, values } = anotherQuestion(random, 'train', declared);
      all.push(user(question), calling([call(declared, values, 9)]));
    }
    return { family: 'tool results', messages: all, tools };
  },
  heldOut(random): HeldOutItem {
    const { messages, tools, words } = answered(random, 'held-out');
    return { family: 'tool results', messages, tools, expect: { kind: 'says', all: words } };
  },
};

interface Answered {
  readonly messages: Message[];
  readonly tools: Tool[];
  readonly declared: Declared;
  readonly answer: string;
  readonly words: string[];
}

function answered(random: Random, split: Split): Answered {
  const { messages, tools, declared, values } = random.chance(0.1)
    ? twoCities(random, split)
    : oneQuestion(random, split);
  const results = values.map((value) => declared.spec.result(random, value));
  const calls = values.map((value, i) => call(declared, value, i + 1));
  return {
    messages: [
      ...messages,
      calling(calls),
      ...results.map(({ value }, i): Message => ({
        role: 'tool',
        content: textOf(random, value),
        tool_call_id: `call_${i + 1}`,
      })),
    ],
    tools,
    declared,
    answer: results.map((result) => result.answer).join(' '),
    words: results.flatMap((result) => result.words),
  };
}

function smallTurn(random: Random, split: Split): Message[] {
  if (random.chance(0.5)) {
    const exchange = random.pick(exchanges);
    return [user(random.pick(split === 'train' ? exchange.train : exchange.heldOut)), assistant(exchange.answer)];
  }
  const fact = aFact(random);
  return [user(askFact(random, split, fact)), assistant(fact.answer)];
}

/** Tools are offered, and the question needs none. */
export const noToolFamily: Family = {
  name: 'no tool needed',
  share: 6,
  train(random): Conversation {
    const { tools } = offer(random, random.chance(0.3) ? madeUpTool(random, 'train') : random.pick(toolSpecs));
    return { family: 'no tool needed', messages: [...before(random), ...smallTurn(random, 'train')], tools };
  },
  heldOut(random): HeldOutItem {
    const { tools } = offer(random, random.chance(0.3) ? madeUpTool(random, 'train') : random.pick(toolSpecs));
    const exchange = random.pick(exchanges);
    const fact = aFact(random);
    const isFact = random.chance(0.5);
    return {
      family: 'no tool needed',
      messages: [...before(random), user(isFact ? askFact(random, 'held-out', fact) : random.pick(exchange.heldOut))],
      tools,
      expect: { kind: 'says', ...(isFact ? { all: [fact.word] } : { any: exchange.any }) },
    };
  },
};
