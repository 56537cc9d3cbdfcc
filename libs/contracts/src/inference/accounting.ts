/**
 * Usage as workers report it: the second source of the ledger, for requests whose gateway was lost before it recorded them
 * (ADR 0026).
 */
import { z } from 'zod';
import { event } from '../define.ts';
import { requestId, workerId } from '../ids.ts';
import { account, accounting, attemptNumber, requestFacts } from './request-context.ts';
import { tokenUsage } from './token-usage.ts';

/** What the ledger has to know of a request, beside its usage. */
export const accountingContext = account.extend({ requestId, ...requestFacts.shape });
export type AccountingContext = z.infer<typeof accountingContext>;

/** One generation, as its worker reports it. */
export const reportedGeneration = z.object({
  requestId,
  /** Index in the accounts of the report. */
  account: z.number().int().nonnegative(),
  /** As in the `accounting` of the request. */
  facts: z.string().max(256),
  choiceIndex: z.number().int().nonnegative().max(127),
  attempt: attemptNumber,
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
export type ReportedGeneration = z.infer<typeof reportedGeneration>;

/** The most generations of a report. */
export const REPORT_GENERATIONS_MAX = 500;

/** The generations that have ended on a worker in a short time. */
export const usageReport = z
  .object({
    /** The same when the report is sent again. */
    id: z.uuid(),
    workerId,
    /** The sealed accounts of the generations, each once. */
    accounts: accounting.array().max(REPORT_GENERATIONS_MAX),
    generations: reportedGeneration.array().min(1).max(REPORT_GENERATIONS_MAX),
  })
  .refine(({ accounts, generations }) => generations.every((generation) => generation.account < accounts.length), {
    path: ['generations'],
    message: 'Each account has to be an index in `accounts`',
  });
export type UsageReport = z.infer<typeof usageReport>;

/** Generations have ended, in any way. */
export const usageReported = event({
  subject: 'usage.v1.reported',
  stream: 'USAGE_REPORTS',
  // Millions of generations, which bounds how long auth may be unavailable.
  streamBytesMax: 1024 * 1024 * 1024,
  data: usageReport,
});
