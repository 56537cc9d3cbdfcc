import { z } from 'zod';
import { EXPIRY_SECONDS } from '../files/request.ts';
import { metadata } from '../fields/metadata.ts';
import { queryFlag } from '../fields/query-flag.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

/** The routes that the lines of a batch may have. */
export const BATCH_ENDPOINTS = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/embeddings',
  '/v1/rerank',
  '/v1/score',
] as const;
export const COMPLETION_WINDOWS = ['24h', '4h', '1h'] as const;

/** Maximum number of lines of an input file. */
export const BATCH_LINES_MAX = 50_000;
/** Maximum size of an input file: 200 MB. */
export const BATCH_BYTES_MAX = 200 * 1024 ** 2;

export const createBatchRequest = z
  .object({
    input_file_id: storableText(256).min(1).describe('A file with the purpose `batch`, one request per line.'),
    endpoint: z.enum(BATCH_ENDPOINTS).describe('The route of all lines.'),
    completion_window: z
      .enum(COMPLETION_WINDOWS)
      .describe('How long after its creation the batch may run. Lines that have not been started by then expire.'),
    metadata: metadata.nullish(),
    output_expires_after: z
      .object({
        anchor: z.literal('created_at'),
        seconds: z.number().int().min(EXPIRY_SECONDS.min).max(EXPIRY_SECONDS.max),
      })
      .optional()
      .describe('When the output and error files are deleted, counted from their creation. Default: after 30 days.'),
    x_dry_run: z
      .boolean()
      .optional()
      .describe(
        'Whether the input is validated and priced only: nothing runs, and the batch is deleted after a day. Default false.',
      ),
  })
  .register(components, { id: 'CreateBatchRequest' });

export const batchesQuery = z.object({
  ...pageQueryFields('desc'),
  x_dry_run: queryFlag.default(false).describe('Whether dry runs are listed, instead of batches that run.'),
});

function lineCount(min: number) {
  const error = `must be an integer from ${min} to ${BATCH_LINES_MAX}`;
  return z
    .string({ error })
    .regex(/^\d{1,5}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= BATCH_LINES_MAX, error)
    .optional()
    .meta({ jsonSchema: { type: 'integer', minimum: min, maximum: BATCH_LINES_MAX } });
}

export const batchOutputQuery = z.object({
  kind: z
    .enum(['output', 'error'])
    .default('output')
    .describe('Whether the lines of the output file are read, or those of the error file.'),
  after: lineCount(0).describe('How many lines to skip: as many as were read before. Default: none.'),
  limit: lineCount(1).describe('Maximum number of lines. Default: all.'),
  follow: queryFlag.default(false).describe('Whether the response waits for further lines until the batch has ended.'),
});
