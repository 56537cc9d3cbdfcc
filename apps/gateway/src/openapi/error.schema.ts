/** The error envelope, for the API's document: one schema for all errors, with every code that a client may read. */
import { errors, publicErrorType } from '@xerotier/contracts/errors';
import { z } from 'zod';

const all = Object.values(errors);
const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

const fields = {
  message: z.string(),
  param: z.string().nullable().describe('The parameter at fault, if it is one.'),
  code: z.enum(distinct(all.map(({ publicCode }) => publicCode))),
  retry_after: z.number().int().optional().describe('Seconds; on 429 and 503.'),
  retry_strategy: z.string().optional(),
};

export const errorResponse = z.object({
  error: z.object({ ...fields, type: z.enum(distinct(all.map(({ status }) => publicErrorType(status)))) }),
});

const failure = z.object({ ...fields, type: z.literal('stream_error') });

/** The last event of a stream that breaks off: flat and nested, as two families of clients read it. */
export const streamError = failure.extend({ error: failure });
