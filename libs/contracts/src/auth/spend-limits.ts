/** Spend caps in micro-units (millionths of a US dollar) per calendar month of UTC. */
import { z } from 'zod';

/** With a cap of 0, nothing that has a price is served. */
export const spendCapMicros = z.number().int().nonnegative().max(1_000_000_000_000_000);

const spend = z.object({
  capMicros: spendCapMicros,
  /** Spent in this month, by the ledger: requests that ended a few seconds ago may be missing. */
  spentMicros: z.number().int().nonnegative(),
});

/** The spend caps that a request counts towards. */
export const spendLimits = z.object({
  /** When this month ends, in Unix milliseconds. */
  endsAt: z.number().int().positive(),
  key: spend.optional(),
  project: spend.optional(),
});
export type SpendLimits = z.infer<typeof spendLimits>;

/** Prices in micro-units per million tokens. */
export const tokenPrice = z.object({
  inputMicros: z.number().int().nonnegative(),
  cachedInputMicros: z.number().int().nonnegative(),
  outputMicros: z.number().int().nonnegative(),
});
export type TokenPrice = z.infer<typeof tokenPrice>;
