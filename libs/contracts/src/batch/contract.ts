/** What the batch service serves. */
import { BATCH_ENDPOINTS, batchError, batchStatus, COMPLETION_WINDOWS } from '@xerotier/public-api/batches';
import { metadata } from '@xerotier/public-api/fields';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { tierSlug } from '../auth/tiers.ts';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';

/** Ids are texts of clients: one that no batch can have is not found. */
const batchId = z.string().min(1).max(256);
/** Unix milliseconds. */
const time = z.number().int().nonnegative();
const count = z.number().int().nonnegative();
export const ESTIMATED_ENDPOINTS_MAX = 100;

/** Micro-units. Null if a tier has no price. */
const cost = count.nullable();
const estimated = {
  lines: count,
  promptTokens: count,
  /** At most. */
  completionTokens: count,
  /** Of the prompts alone. */
  costMicrosMin: cost,
  costMicrosMax: cost,
};

/** What a batch would take. */
export const batchEstimate = z.object({
  ...estimated,
  /** The endpoints of its lines, those with the most lines first, at most 100. */
  endpoints: z.array(z.object({ slug: z.string(), tier: tierSlug, ...estimated })).max(ESTIMATED_ENDPOINTS_MAX),
  /** Of enqueued tokens. */
  allowance: z.object({ tokens: count, enqueued: count, tokensMax: count.nullable() }),
});
export type BatchEstimate = z.infer<typeof batchEstimate>;

export const storedBatch = z.object({
  id: batchId,
  endpoint: z.enum(BATCH_ENDPOINTS),
  /** Of all lines, if they have the same. */
  model: z.string().optional(),
  errors: z.array(batchError).optional(),
  inputFileId: z.string(),
  /** The batch whose failed lines it runs, instead of all. */
  retriedBatchId: batchId.optional(),
  completionWindow: z.enum(COMPLETION_WINDOWS),
  status: batchStatus,
  outputFileId: z.string().optional(),
  errorFileId: z.string().optional(),
  createdAt: time,
  expiresAt: time,
  inProgressAt: time.optional(),
  /** While it is paused. */
  pausedAt: time.optional(),
  finalizingAt: time.optional(),
  completedAt: time.optional(),
  failedAt: time.optional(),
  expiredAt: time.optional(),
  cancellingAt: time.optional(),
  cancelledAt: time.optional(),
  lines: z.object({ total: count, completed: count, failed: count }),
  usage: z.object({ promptTokens: count, cachedTokens: count, completionTokens: count, reasoningTokens: count }),
  metadata: metadata.nullable(),
  /** It is validated and priced, and runs nothing. */
  isDryRun: z.boolean().default(false),
  /** While it runs lines, as soon as its rate is known. */
  progress: z.object({ linesPerSecond: z.number().nonnegative(), expectedAt: time.optional() }).optional(),
  /** Of a dry run that is completed. */
  estimate: batchEstimate.optional(),
});
export type StoredBatch = z.infer<typeof storedBatch>;

const TIMEOUT_MS = 5_000;
/** As base64, together with all else, within a message. */
export const RESULTS_PAGE_BYTES = 512 * 1_024;
const oneBatch = z.object({ projectId, id: batchId });

/** The batch of another project is `batch.not_found`, like one that does not exist. */
export const batchContract = service('batch', {
  create: request({
    subject: 'batch.v1.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      inputFileId: z.string().max(256),
      endpoint: z.enum(BATCH_ENDPOINTS),
      completionWindow: z.enum(COMPLETION_WINDOWS),
      metadata: metadata.nullable(),
      outputSeconds: z.number().int().positive().optional(),
      isDryRun: z.boolean().optional(),
    }),
    output: storedBatch,
    errors: ['idempotency.key_reused', 'outbox.full', 'db.unavailable'],
  }),
  list: request({
    subject: 'batch.v1.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: z.string().max(256).optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
      /** Whether the list is that of dry runs. Default false. */
      isDryRun: z.boolean().optional(),
    }),
    output: z.object({ data: z.array(storedBatch), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  get: request({
    subject: 'batch.v1.get',
    timeoutMs: TIMEOUT_MS,
    input: oneBatch,
    output: storedBatch,
    errors: ['batch.not_found', 'db.unavailable'],
  }),
  /** Cancelling a cancelled batch changes nothing. */
  cancel: request({
    subject: 'batch.v1.cancel',
    timeoutMs: TIMEOUT_MS,
    input: oneBatch,
    output: storedBatch,
    errors: ['batch.not_found', 'batch.ended', 'outbox.full', 'db.unavailable'],
  }),
  /** Pausing a paused batch changes nothing. */
  pause: request({
    subject: 'batch.v1.pause',
    timeoutMs: TIMEOUT_MS,
    input: oneBatch,
    output: storedBatch,
    errors: ['batch.not_found', 'batch.ended', 'db.unavailable'],
  }),
  /** Resuming a batch that is not paused changes nothing. */
  resume: request({
    subject: 'batch.v1.resume',
    timeoutMs: TIMEOUT_MS,
    input: oneBatch,
    output: storedBatch,
    errors: ['batch.not_found', 'batch.ended', 'db.unavailable'],
  }),
  /**
   * Lines of the output or error file of a batch, as far as they are kept. Once it has ended they are in the file, and not here any
   * more.
   */
  readResults: request({
    subject: 'batch.v1.read-results',
    timeoutMs: TIMEOUT_MS,
    input: oneBatch.extend({
      kind: z.enum(['output', 'error']),
      /** From where: complete lines, and bytes of the next one. */
      line: count,
      byte: count,
    }),
    output: z.object({
      /** Base64. Its end need not be that of a line. */
      content: z.string().max(Math.ceil(RESULTS_PAGE_BYTES / 3) * 4),
      hasEnded: z.boolean(),
      /** Absent if the batch has not ended, or has no lines of this kind. */
      fileId: z.string().optional(),
    }),
    errors: ['batch.not_found', 'db.unavailable'],
  }),
  /** Creates a batch of the lines that have failed, or were not started. */
  retry: request({
    subject: 'batch.v1.retry',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context: changeContext, id: batchId }),
    output: storedBatch,
    errors: ['batch.not_found', 'batch.not_retryable', 'idempotency.key_reused', 'outbox.full', 'db.unavailable'],
  }),
});
