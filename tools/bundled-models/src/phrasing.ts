/** The ways in which a question is put, and the system messages that change nothing. Held-out questions use other ways. */
import type { Message } from './conversation.ts';
import { system } from './conversation.ts';
import type { Random } from './random.ts';
import type { Split } from './split.ts';
import { capitalised } from './values.ts';

type Wrap = (core: string) => string;

const plain: Wrap = (core) => `${capitalised(core)}?`;

const trainWraps: readonly Wrap[] = [
  (core) => `${core}?`,
  (core) => core,
  (core) => capitalised(core),
  (core) => `Can you tell me ${core}?`,
  (core) => `Please tell me ${core}.`,
  (core) => `Do you know ${core}?`,
  (core) => `Hi! ${capitalised(core)}?`,
  (core) => `Hello, ${core}?`,
  (core) => `I have a question: ${core}?`,
  (core) => `${capitalised(core)}? Please answer.`,
  (core) => `Could you please tell me ${core}?`,
  (core) => `Hey, ${core}?`,
  (core) => `Question: ${core}?`,
  (core) => `I want to know ${core}.`,
  (core) => `So, ${core}?`,
];

const heldOutWraps: readonly Wrap[] = [
  (core) => `Quick question: ${core}?`,
  (core) => `I would like to know ${core}.`,
  (core) => `Hello! ${capitalised(core)}?`,
  (core) => `Would you tell me ${core}?`,
  (core) => `Please, ${core}?`,
  (core) => `Tell me ${core}, please.`,
];

export interface Cores {
  /** Beginnings in lower case, without a question mark. The first is the usual one. */
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/** A question of the asked part: either its core or what is around it is never in the other. */
export function ask(random: Random, split: Split, cores: Cores): string {
  if (split === 'train') {
    const core = random.chance(0.4) ? (cores.train[0] as string) : random.pick(cores.train);
    return (random.chance(0.5) ? plain : random.pick(trainWraps))(core);
  }
  return cores.heldOut.length > 0 && random.chance(0.6)
    ? plain(random.pick(cores.heldOut))
    : random.pick(heldOutWraps)(random.pick(cores.train));
}

const neutralSystems = [
  'You are a helpful assistant.',
  'You are a helpful assistant.',
  'You are a helpful assistant.',
  'You are a helpful and friendly assistant.',
  'You are an assistant.',
  'You are an AI assistant.',
  'You are xero-tiny.',
  'You are a friendly assistant.',
  'You help people.',
  'Answer the questions of the user.',
  'Be helpful.',
  'You are a chatbot.',
  'You are a knowledgeable assistant. Answer as well as you can.',
  'You are the assistant of a small shop.',
  'Today is a good day. Help the user.',
  'You are a test assistant.',
];

/** Mostly none; sometimes one that does not change the answer. */
export function neutralSystem(random: Random, chance = 0.35): Message[] {
  return random.chance(chance) ? [system(random.pick(neutralSystems))] : [];
}
