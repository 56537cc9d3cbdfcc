/** The error envelope: one schema for all errors, with every code that a client may read. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { PUBLIC_ERROR_CODES, publicErrors, publicErrorType } from './public-errors.ts';

const types = Object.values(publicErrors).map(({ status }) => publicErrorType(status));

const fields = {
  message: z.string(),
  param: z.string().nullable().describe('The parameter at fault, if it is one.'),
  code: z.enum(PUBLIC_ERROR_CODES.toSorted()),
  retry_after: z.number().int().optional().describe('Seconds; on 429 and 503.'),
  retry_strategy: z.string().optional(),
};

export const errorResponse = z
  .object({
    error: z.object({ ...fields, type: z.enum([...new Set(types)].sort()) }),
  })
  .register(components, { id: 'ErrorResponse' });

const failure = z.object({ ...fields, type: z.literal('stream_error') });

/** The last event of a stream that breaks off: flat and nested, as two families of clients read it. */
export const streamError = failure.extend({ error: failure }).register(components, { id: 'StreamError' });
