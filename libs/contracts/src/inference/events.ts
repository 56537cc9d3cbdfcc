/** The usage of a finished request. The request id makes its effect on the ledger idempotent. */
import { z } from 'zod';
import { event } from '../define.ts';
import { usageKind } from './request-class.ts';
import { requestContext } from './request-context.ts';
import { tokenUsage } from './token-usage.ts';

export const usageRecord = requestContext.extend({
  kind: usageKind,
  usage: tokenUsage,
  outcome: z.enum(['completed', 'cancelled', 'failed']),
  streamed: z.boolean(),
  /** Unix milliseconds, clock of the service that served the request. */
  startedAt: z.number().int(),
  durationMs: z.number().nonnegative(),
  /** Null if there was no token. */
  timeToFirstTokenMs: z.number().nonnegative().nullable(),
  /** Time from the first to the last token of a choice, divided by the tokens after the first; null for fewer than two tokens. */
  timePerOutputTokenMs: z.number().nonnegative().nullable().optional(),
  /** Whether a choice ended without the usage of a worker, so that its tokens are those that arrived. Default false. */
  estimated: z.boolean().optional(),
});
export type UsageRecord = z.infer<typeof usageRecord>;

export const usageRecorded = event({
  subject: 'usage.v1.recorded',
  stream: 'USAGE_EVENTS',
  // About ten million requests, which bounds how long the ledger may be unavailable.
  streamBytesMax: 4 * 1024 * 1024 * 1024,
  // A work queue, which permits only one consumer.
  replacesStream: 'USAGE',
  data: usageRecord,
});
