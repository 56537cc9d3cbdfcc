/** All families, in the order in which tables show them. */
import type { Family } from '../conversation.ts';
import { arithmeticFamily } from './arithmetic.ts';
import { countingFamily } from './counting.ts';
import { echoFamily } from './echo.ts';
import { factFamily, followUpFamily, severalFactsFamily } from './facts.ts';
import { jsonFamily } from './json.ts';
import { languageFamily } from './language.ts';
import { poemFamily } from './poems-and-lists.ts';
import { readingFamily } from './reading.ts';
import { recallFamily } from './recall.ts';
import { refusalFamily } from './refusals.ts';
import { smallTalkFamily } from './small-talk.ts';
import { toneFamily } from './tone.ts';
import { noToolFamily, toolCallFamily, toolResultFamily } from './tools.ts';

export const families: readonly Family[] = [
  factFamily,
  severalFactsFamily,
  followUpFamily,
  smallTalkFamily,
  arithmeticFamily,
  countingFamily,
  recallFamily,
  readingFamily,
  toolCallFamily,
  toolResultFamily,
  noToolFamily,
  jsonFamily,
  toneFamily,
  languageFamily,
  poemFamily,
  refusalFamily,
  echoFamily,
];
