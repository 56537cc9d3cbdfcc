import { z } from 'zod';
import { boundedObject } from './bounded-object.ts';
import { storableText } from './storable-text.ts';

const PAIRS_MAX = 16;

/** Key-value pairs that a client attaches to stored objects, and can filter lists by. */
export const metadata = boundedObject<string>(PAIRS_MAX, `must have at most ${PAIRS_MAX} pairs`, {
  propertyNames: { maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
}).pipe(z.record(storableText(64), storableText(512)));
export type Metadata = z.infer<typeof metadata>;
