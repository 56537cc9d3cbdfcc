/** The error response: one schema for all errors, with every public code. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { PUBLIC_ERROR_CODES, publicErrorType } from './public-errors.ts';

const types = PUBLIC_ERROR_CODES.map(publicErrorType);

const fields = {
  message: z.string(),
  param: z.string().nullable().describe('The invalid parameter, if the error is about one.'),
  code: z.enum(PUBLIC_ERROR_CODES.toSorted()),
  retry_after: z.number().int().optional().describe('Seconds to wait before a retry; on 429 and 503.'),
  retry_strategy: z
    .string()
    .optional()
    .describe('`exponential`, or `none` if a retry cannot succeed before `retry_after`.'),
};

export const errorResponse = z
  .object({
    error: z.object({ ...fields, type: z.enum([...new Set(types)].sort()) }),
  })
  .register(components, { id: 'ErrorResponse' });

const failure = z.object({ ...fields, type: z.literal('stream_error') });

/** The fields of an error within a stream, flat and in `error`. */
export const streamErrorFields = { ...fields, error: failure };

/** The last event of an interrupted stream. Clients expect the fields either flat or in `error`, so it has both. */
export const streamError = failure.extend({ error: failure }).register(components, { id: 'StreamError' });
