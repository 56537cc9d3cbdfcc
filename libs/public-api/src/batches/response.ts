import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const batchStatus = z.enum([
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
]);
export type BatchStatus = z.infer<typeof batchStatus>;

const time = z.number().int().optional().describe('Unix seconds.');
const count = z.number().int();

export const batchError = z
  .object({
    code: z.string(),
    message: z.string(),
    param: z.string().nullable(),
    line: z.number().int().nullable().describe('Of the input file, from 1.'),
  })
  .register(components, { id: 'BatchError' });

const micros = count
  .nullable()
  .describe('Millionths of a US dollar, with the batch discount. Null if a tier has no price.');
const estimated = {
  lines: count,
  input_tokens: count,
  output_tokens_max: count.describe(
    'Of lines without a maximum: that of their endpoint, or the context of its model, or if it is unknown 1,024.',
  ),
  cost_micros_min: micros.describe('Of the input alone, without cached tokens.'),
  cost_micros_max: micros,
};

export const batchEstimate = z
  .object({
    currency: z.literal('usd'),
    ...estimated,
    endpoints: z
      .array(z.object({ endpoint: z.string().describe('Its slug.'), tier: z.string(), ...estimated }))
      .describe('What the lines of each endpoint take, the one with the most lines first; at most 100.'),
    enqueued_tokens: z
      .object({
        needed: count,
        enqueued: count.describe('By all batches of the project.'),
        limit: count.nullable().describe('Null if there is none.'),
        fits: z.boolean(),
      })
      .describe('The allowance of enqueued tokens, when the batch was validated.'),
  })
  .register(components, { id: 'BatchEstimate' });

export const batch = z
  .object({
    id: z.string(),
    object: z.literal('batch'),
    endpoint: z.string(),
    model: z.string().optional().describe('Of all lines, if they have the same.'),
    errors: z
      .object({ object: z.literal('list'), data: z.array(batchError) })
      .optional()
      .describe('Why the batch has failed; at most 100.'),
    input_file_id: z.string(),
    retried_batch_id: z
      .string()
      .optional()
      .describe('The batch whose failed lines this one runs. The other lines of its input file are skipped.'),
    completion_window: z.string(),
    status: batchStatus,
    output_file_id: z.string().optional().describe('The responses of lines that have succeeded.'),
    error_file_id: z.string().optional().describe('Lines that have failed, or were not started.'),
    created_at: count.describe('Unix seconds.'),
    in_progress_at: time,
    paused_at: count.optional().describe('Unix seconds. Present while the batch is paused.'),
    expires_at: time,
    finalizing_at: time,
    completed_at: time,
    failed_at: time,
    expired_at: time,
    cancelling_at: time,
    cancelled_at: time,
    request_counts: z.object({ total: count, completed: count, failed: count }),
    usage: z
      .object({
        input_tokens: count,
        input_tokens_details: z.object({ cached_tokens: count }),
        output_tokens: count,
        output_tokens_details: z.object({ reasoning_tokens: count }),
        total_tokens: count,
      })
      .optional(),
    metadata: metadata.nullable(),
    x_dry_run: z.literal(true).optional().describe('The batch is validated and priced, and runs nothing.'),
    x_progress: z
      .object({
        lines_per_second: z.number().describe('In about the last minute.'),
        expected_completion_at: count
          .optional()
          .describe('Unix seconds, if all lines run at this rate; absent if none does. It may be after `expires_at`.'),
      })
      .optional()
      .describe('Present while lines run, after some seconds.'),
    x_estimate: batchEstimate.optional().describe('What a batch would take. Present when a dry run is completed.'),
  })
  .register(components, { id: 'Batch' });

export const batchList = page(batch).register(components, { id: 'BatchList' });
