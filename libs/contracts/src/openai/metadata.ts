import { z } from 'zod';
import { fewNames } from './few-names.ts';

const PAIRS_MAX = 16;

/** PostgreSQL holds neither in its JSON. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
const UNSTORABLE = 'may not hold NUL characters or halves of surrogate pairs';

/** Names and texts that a client attaches to what it stores, and asks for them by. */
export const metadata = fewNames<string>(PAIRS_MAX, `may have ${PAIRS_MAX} pairs at most`, {
  propertyNames: { maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
}).pipe(
  z.record(z.string().max(64).refine(isStorable, UNSTORABLE), z.string().max(512).refine(isStorable, UNSTORABLE)),
);
export type Metadata = z.infer<typeof metadata>;
