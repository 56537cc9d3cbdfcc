/** What a request cost, once it is over. The request id makes its effect on the ledger happen once, however often it comes. */
import { z } from 'zod';
import { event } from '../define.ts';
import { mediaKind } from '../xim/media.ts';
import { requestContext } from './request-context.ts';
import { tokenUsage } from './token-usage.ts';

export const usageRecord = requestContext.extend({
  kind: z.enum(['chat.completion', 'embedding', 'rerank', 'score', ...mediaKind.options]),
  usage: tokenUsage,
  outcome: z.enum(['completed', 'cancelled', 'failed']),
  streamed: z.boolean(),
  /** Unix milliseconds, clock of the service that served the request. */
  startedAt: z.number().int(),
  durationMs: z.number().nonnegative(),
  /** Null when no token came. */
  timeToFirstTokenMs: z.number().nonnegative().nullable(),
  /** From the first token of a choice to its last, divided by the tokens between; null when there were fewer than two. */
  timePerOutputTokenMs: z.number().nonnegative().nullable().optional(),
});
export type UsageRecord = z.infer<typeof usageRecord>;

export const usageRecorded = event({
  subject: 'usage.v1.recorded',
  stream: 'USAGE_EVENTS',
  // Some ten million requests: as long as the ledger may be away.
  streamBytesMax: 4 * 1024 * 1024 * 1024,
  // A work queue, which only one consumer may read.
  replacesStream: 'USAGE',
  data: usageRecord,
});
