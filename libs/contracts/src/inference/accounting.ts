/**
 * Usage as workers report it: the second source of the ledger, for requests whose gateway was lost before it recorded them
 * (ADR 0026).
 */
import { z } from 'zod';
import { event } from '../define.ts';
import { requestId, workerId } from '../ids.ts';
import { usageRecord } from './events.ts';
import { attemptNumber, sealedAccounting } from './request-context.ts';
import { tokenUsage } from './token-usage.ts';

/** What the ledger has to know of a request, beside its usage. Workers receive it sealed. */
export const accountingContext = usageRecord
  .omit({
    usage: true,
    outcome: true,
    durationMs: true,
    timeToFirstTokenMs: true,
    timePerOutputTokenMs: true,
    estimated: true,
  })
  .extend({
    /** Number of generations, one per choice. */
    choices: z.number().int().positive(),
    /** When the gateway ends the request at the latest, in Unix milliseconds. */
    deadlineAt: z.number().int(),
  });
export type AccountingContext = z.infer<typeof accountingContext>;

export const usageReport = z.object({
  requestId,
  choiceIndex: z.number().int().nonnegative().max(127),
  attempt: attemptNumber,
  workerId,
  accounting: sealedAccounting,
  /** What the engine computed until the end; absent if it failed without usage. */
  usage: tokenUsage.optional(),
  outcome: z.enum(['completed', 'cancelled', 'failed']),
  /** Whether it ended because its caller no longer gave a sign of life. */
  callerLost: z.boolean(),
  /** Whether it had sent data: no other worker has taken it over. */
  begun: z.boolean(),
  /** Unix milliseconds, clock of the worker. */
  endedAt: z.number().int(),
});
export type UsageReport = z.infer<typeof usageReport>;

/** A generation has ended, in any way. */
export const usageReported = event({
  subject: 'usage.v1.reported',
  stream: 'USAGE_REPORTS',
  // About a million generations, which bounds how long auth may be unavailable.
  streamBytesMax: 1024 * 1024 * 1024,
  data: usageReport,
});
