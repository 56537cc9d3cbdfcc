import { z } from 'zod';
import { fewNames } from './few-names.ts';
import { storableText } from './storable-text.ts';

const PAIRS_MAX = 16;

/** Names and texts that a client attaches to what it stores, and asks for them by. */
export const metadata = fewNames<string>(PAIRS_MAX, `may have ${PAIRS_MAX} pairs at most`, {
  propertyNames: { maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
}).pipe(z.record(storableText(64), storableText(512)));
export type Metadata = z.infer<typeof metadata>;
