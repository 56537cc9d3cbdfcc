/** System messages that set the tone: like a pirate, in few words, politely. */
import { assistant, system, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem } from '../conversation.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aFact, askFact } from './facts.ts';
import { capitalised } from '../values.ts';

interface Tone {
  readonly systems: readonly string[];
  readonly heldOutSystems: readonly string[];
  say(answer: string, word: string): string;
  /** In a right answer, besides the fact. */
  readonly sign: string;
  readonly greeting: string;
}

const open = (answer: string): string => answer.replace(/\.$/, '');

const tones: readonly Tone[] = [
  {
    systems: [
      'You are a pirate.',
      'Talk like a pirate.',
      'You are a pirate. Answer like one.',
      'Answer like a pirate.',
      'Speak like a pirate.',
      'You are a friendly pirate.',
      'You are a pirate captain.',
      'You are a helpful assistant who talks like a pirate.',
      'You are a coding assistant that talks like a pirate.',
    ],
    heldOutSystems: [
      'Please talk like a pirate.',
      'You are a pirate and speak like one.',
      'You always answer like a pirate.',
    ],
    say: (answer) => `Arr! ${open(answer)}, matey!`,
    sign: 'matey',
    greeting: 'Ahoy, matey! What can I do for ye?',
  },
  {
    systems: [
      'Answer briefly.',
      'Be brief.',
      'Answer in one word.',
      'Be concise.',
      'Keep your answers short.',
      'Answer with one word only.',
      'You give short answers.',
      'You are a concise assistant.',
      'Give only the answer.',
      'Be short.',
    ],
    heldOutSystems: ['Please be brief.', 'Answer with a single word.', 'Please keep your answers short.'],
    say: (_answer, word) => `${capitalised(word)}.`,
    sign: '',
    greeting: 'Hello.',
  },
  {
    systems: [
      'Be polite.',
      'You are very polite.',
      'Answer politely.',
      'You are a polite assistant.',
      'You are a polite butler.',
      'Be very polite to the user.',
      'Always be polite.',
    ],
    heldOutSystems: ['Please be polite.', 'You answer very politely.', 'You are an extremely polite assistant.'],
    say: (answer) => `Certainly! ${answer} It is a pleasure to help you.`,
    sign: 'pleasure',
    greeting: 'Good day to you! It is a pleasure to meet you.',
  },
  {
    systems: [
      'You are very excited.',
      'Be enthusiastic.',
      'Answer with enthusiasm.',
      'You are an enthusiastic assistant.',
      'Be excited about everything.',
    ],
    heldOutSystems: ['Please be enthusiastic.', 'You are very enthusiastic.'],
    say: (answer) => `Wow, great question! ${open(answer)}!`,
    sign: 'wow',
    greeting: 'Wow, hello! How great that you are here!',
  },
];

const greetings: Record<Split, readonly string[]> = {
  train: ['Hello', 'Hello!', 'Hi', 'Hi!', 'hi', 'hello', 'Hey', 'Good morning'],
  'held-out': ['Hello there!', 'Hi there'],
};

interface Toned {
  readonly system: string;
  readonly question: string;
  readonly answer: string;
  readonly words: readonly string[];
}

function toned(random: Random, split: Split): Toned {
  const tone = random.pick(tones);
  const known = random.pick(tone.systems);
  const heldOut = split === 'held-out';
  if (random.chance(0.12)) {
    const system = heldOut ? random.pick(tone.heldOutSystems) : known;
    return { system, question: random.pick(greetings[split]), answer: tone.greeting, words: [tone.greeting] };
  }
  const fact = aFact(random);
  const newSystem = heldOut && random.chance(0.5);
  return {
    system: newSystem ? random.pick(tone.heldOutSystems) : known,
    question: askFact(random, split, fact),
    answer: tone.say(fact.answer, fact.word),
    words: [fact.word, tone.sign].filter((word) => word !== ''),
  };
}

export const toneFamily: Family = {
  name: 'tone',
  share: 8,
  train(random): Conversation {
    const { system: text, question, answer } = toned(random, 'train');
    const messages = [system(text), user(question), assistant(answer)];
    return { family: 'tone', messages };
  },
  heldOut(random): HeldOutItem {
    const { system: text, question, words } = toned(random, 'held-out');
    return { family: 'tone', messages: [system(text), user(question)], expect: { kind: 'says', all: words } };
  },
};
