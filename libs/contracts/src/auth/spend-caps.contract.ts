/** The spend caps of projects, per calendar month of UTC. Those of keys are in the contract of API keys. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';
import { spendCapMicros } from './spend-limits.ts';

export const spendCapRecord = z.object({
  /** Null for no cap. */
  capMicros: spendCapMicros.nullable(),
  /** Spent in this month, by the ledger. */
  spentMicros: z.number().int().nonnegative(),
  /** When this month ends, in Unix milliseconds. */
  endsAt: z.number().int().positive(),
});
export type SpendCapRecord = z.infer<typeof spendCapRecord>;

const TIMEOUT_MS = 5_000;

export const spendCapsContract = service('auth', {
  getSpendCap: request({
    subject: 'auth.v1.spend-cap.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    output: spendCapRecord,
    errors: ['project.not_found', 'db.unavailable'],
  }),
  setSpendCap: request({
    subject: 'auth.v1.spend-cap.set',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context: changeContext, capMicros: spendCapMicros.nullable() }),
    output: spendCapRecord,
    errors: ['project.not_found', ...CHANGE_ERRORS],
  }),
});
