/** What somebody said about themselves, asked for later in the same conversation; and the honest answer when it was not said. */
import { assistant, user } from '../conversation.ts';
import type { Conversation, Family, HeldOutItem, Message } from '../conversation.ts';
import { exchanges } from '../knowledge/small-talk.ts';
import { neutralSystem } from '../phrasing.ts';
import type { Random } from '../random.ts';
import type { Split } from '../split.ts';
import { aCity, aFirstName, aNumber, capitalised, colours, foods, madeUpWord } from '../values.ts';
import { aFact, askFact } from './facts.ts';

interface Memory {
  readonly told: readonly string[];
  readonly toldHeldOut: readonly string[];
  readonly asked: readonly string[];
  readonly askedHeldOut: readonly string[];
  value(random: Random, split: Split): string;
  reply(value: string): string;
  answer(value: string): string;
  readonly unknown: string;
}

const orMadeUp =
  (list: readonly string[]) =>
  (random: Random, split: Split): string =>
    split === 'held-out' || random.chance(0.4) ? madeUpWord(random, split) : random.pick(list);

/** In the sentences, VALUE and ANIMAL are put in later. */
const memories: Record<string, Memory> = {
  name: {
    told: [
      'My name is VALUE.',
      'my name is VALUE',
      'Hi, my name is VALUE.',
      'Hello, my name is VALUE!',
      'I am VALUE.',
      'Hi, I am VALUE.',
      "Hi, I'm VALUE.",
      "I'm VALUE.",
      'Hello! I am called VALUE.',
      'Call me VALUE.',
      'Please call me VALUE.',
      'My name is VALUE. Please remember it.',
      'Remember that my name is VALUE.',
      'Hey there, my name is VALUE!',
    ],
    toldHeldOut: [
      'Hello, I am VALUE.',
      'Good morning, my name is VALUE.',
      'Hi! My name is VALUE.',
      "Hello, I'm VALUE!",
      'People call me VALUE.',
    ],
    asked: [
      'What is my name?',
      'what is my name',
      "What's my name?",
      'Do you remember my name?',
      'Who am I?',
      'What am I called?',
      'Can you tell me my name?',
      'Do you know my name?',
      'Tell me my name.',
      'What was my name?',
    ],
    askedHeldOut: [
      'Can you remember my name?',
      'What was my name again?',
      'Please tell me my name.',
      'So what is my name?',
    ],
    value: aFirstName,
    reply: (value) => `Nice to meet you, ${value}! How can I help you?`,
    answer: (value) => `Your name is ${value}.`,
    unknown: 'I do not know your name. Please tell me.',
  },
  city: {
    told: ['I live in VALUE.', 'I am from VALUE.', 'My city is VALUE.', 'My home is in VALUE.', 'I come from VALUE.'],
    toldHeldOut: ['Right now I live in VALUE.', 'My home town is VALUE.'],
    asked: [
      'Where do I live?',
      'What is my city?',
      'Where am I from?',
      'In which city do I live?',
      'What city do I live in?',
    ],
    askedHeldOut: ['Do you remember where I live?', 'Which city do I live in?'],
    value: aCity,
    reply: (value) => `${value} is a nice place!`,
    answer: (value) => `You live in ${value}.`,
    unknown: 'I do not know where you live. Please tell me.',
  },
  colour: {
    told: [
      'My favourite colour is VALUE.',
      'My favorite color is VALUE.',
      'I like the colour VALUE most.',
      'The colour I like most is VALUE.',
    ],
    toldHeldOut: ['VALUE is my favourite colour.', 'I like the color VALUE best.'],
    asked: [
      'What is my favourite colour?',
      'What is my favorite color?',
      'Which colour do I like?',
      'Do you remember my favourite colour?',
    ],
    askedHeldOut: ['Which colour is my favourite?', 'Can you tell me my favourite colour?'],
    value: orMadeUp(colours),
    reply: (value) => `I will remember that you like ${value}.`,
    answer: (value) => `Your favourite colour is ${value}.`,
    unknown: 'I do not know your favourite colour. Please tell me.',
  },
  food: {
    told: [
      'My favourite food is VALUE.',
      'I love to eat VALUE.',
      'I like VALUE most of all food.',
      'My favorite food is VALUE.',
    ],
    toldHeldOut: ['The food I like best is VALUE.', 'VALUE is my favourite food.'],
    asked: [
      'What is my favourite food?',
      'What do I like to eat?',
      'What is my favorite food?',
      'Do you remember my favourite food?',
    ],
    askedHeldOut: ['Which food do I like best?', 'Can you tell me my favourite food?'],
    value: orMadeUp(foods),
    reply: (value) => `I will remember that you like ${value}.`,
    answer: (value) => `Your favourite food is ${value}.`,
    unknown: 'I do not know your favourite food. Please tell me.',
  },
  pet: {
    told: [
      'My ANIMAL is called VALUE.',
      'I have a ANIMAL called VALUE.',
      'The name of my ANIMAL is VALUE.',
      'My ANIMAL has the name VALUE.',
    ],
    toldHeldOut: ['I have a ANIMAL and it is called VALUE.', "My ANIMAL's name is VALUE."],
    asked: [
      'What is my ANIMAL called?',
      'What is the name of my ANIMAL?',
      'How is my ANIMAL called?',
      'Do you remember the name of my ANIMAL?',
    ],
    askedHeldOut: ['Which name does my ANIMAL have?', 'Can you tell me the name of my ANIMAL?'],
    value: aFirstName,
    reply: (value) => `${value} is a nice name!`,
    answer: (value) => `Your ANIMAL is called ${value}.`,
    unknown: 'I do not know the name of your ANIMAL. Please tell me.',
  },
  age: {
    told: ['I am VALUE years old.', 'My age is VALUE.', "I'm VALUE years old.", 'I am VALUE.'],
    toldHeldOut: ['I turned VALUE this year.', 'I am now VALUE years old.'],
    asked: ['How old am I?', 'What is my age?', 'Do you remember how old I am?'],
    askedHeldOut: ['Can you tell me my age?', 'Tell me how old I am.'],
    value: (random, split) => String(aNumber(random, split, 5, 95)),
    reply: (value) => `I will remember that you are ${value} years old.`,
    answer: (value) => `You are ${value} years old.`,
    unknown: 'I do not know how old you are. Please tell me.',
  },
  number: {
    told: [
      'Remember the number VALUE.',
      'My lucky number is VALUE.',
      'The number is VALUE. Remember it.',
      'Please remember the number VALUE.',
    ],
    toldHeldOut: ['Keep the number VALUE in mind.', 'VALUE is my lucky number.'],
    asked: [
      'What was the number?',
      'What is my lucky number?',
      'Which number did I tell you?',
      'What number did I say?',
    ],
    askedHeldOut: ['Do you remember the number?', 'Tell me the number again.'],
    value: (random, split) => String(aNumber(random, split, 2, 9999)),
    reply: (value) => `I will remember the number ${value}.`,
    answer: (value) => `The number is ${value}.`,
    unknown: 'You did not tell me a number.',
  },
  word: {
    told: [
      'Remember the word VALUE.',
      'The secret word is VALUE.',
      'The password is VALUE.',
      'Please remember the word VALUE.',
      'The code word is VALUE.',
    ],
    toldHeldOut: ['Keep the word VALUE in mind.', 'VALUE is the secret word.'],
    asked: [
      'What was the word?',
      'What is the secret word?',
      'Which word did I tell you?',
      'What is the password?',
      'What is the code word?',
    ],
    askedHeldOut: ['Do you remember the word?', 'Tell me the word again.'],
    value: madeUpWord,
    reply: (value) => `I will remember the word ${value}.`,
    answer: (value) => `The word is ${value}.`,
    unknown: 'You did not tell me a word.',
  },
};

const kinds = Object.keys(memories);
const pets = ['dog', 'cat', 'horse', 'bird', 'fish', 'rabbit', 'mouse'];

/** The name is what people try, so it is asked half of the time. */
function aKind(random: Random): string {
  return random.chance(0.5) ? 'name' : random.pick(kinds);
}

function fill(text: string, value: string, animal: string): string {
  return capitalised(text.replaceAll('ANIMAL', animal).replaceAll('VALUE', value));
}

/** Turns about something else, between telling and asking. */
function otherTurns(random: Random, split: Split): Message[] {
  if (random.chance(0.3)) {
    const exchange = random.pick(exchanges);
    return [user(random.pick(split === 'train' ? exchange.train : exchange.heldOut)), assistant(exchange.answer)];
  }
  const fact = aFact(random);
  return [user(askFact(random, split, fact)), assistant(fact.answer)];
}

interface Recalled {
  readonly messages: Message[];
  readonly answer: string;
  readonly value: string;
}

function recall(random: Random, split: Split): Recalled {
  const kind = aKind(random);
  const memory = memories[kind] as Memory;
  const animal = kind === 'pet' ? random.pick(pets) : '';
  const value = memory.value(random, split);
  const heldOut = split === 'held-out';
  const told = random.pick(heldOut ? [...memory.told, ...memory.toldHeldOut] : memory.told);
  const asked = random.pick(heldOut ? [...memory.asked, ...memory.askedHeldOut] : memory.asked);
  const between = Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () => otherTurns(random, split)).flat();
  // A second memory, so that the right one has to be looked for.
  const distraction = random.chance(0.3) ? tellOther(random, split, kind) : [];
  const first: Message[] = [user(fill(told, value, animal)), assistant(fill(memory.reply(value), value, animal))];
  const turns = random.chance(0.5) ? [...distraction, ...first] : [...first, ...distraction];
  return {
    messages: [...neutralSystem(random), ...turns, ...between, user(fill(asked, value, animal))],
    answer: fill(memory.answer(value), value, animal),
    value,
  };
}

function tellOther(random: Random, split: Split, kind: string): Message[] {
  // "I am V." is said of names and of ages; a second value for the same question would have no right answer.
  const memory = memories[random.pick(kinds.filter((other) => other !== kind && other !== 'pet'))] as Memory;
  const value = memory.value(random, split);
  return [user(fill(random.pick(memory.told), value, '')), assistant(fill(memory.reply(value), value, ''))];
}

/** Asked, but never told. */
function unknown(random: Random): Conversation {
  const kind = aKind(random);
  const memory = memories[kind] as Memory;
  const animal = kind === 'pet' ? random.pick(pets) : '';
  const before = random.chance(0.5) ? otherTurns(random, 'train') : [];
  return {
    family: 'recall',
    messages: [
      ...neutralSystem(random),
      ...before,
      user(fill(random.pick(memory.asked), '', animal)),
      assistant(fill(memory.unknown, '', animal)),
    ],
  };
}

export const recallFamily: Family = {
  name: 'recall',
  share: 13,
  train(random): Conversation {
    if (random.chance(0.1)) return unknown(random);
    const { messages, answer } = recall(random, 'train');
    return { family: 'recall', messages: [...messages, assistant(answer)] };
  },
  heldOut(random): HeldOutItem {
    const { messages, value } = recall(random, 'held-out');
    return { family: 'recall', messages, expect: { kind: 'says', all: [value] } };
  },
};
