/** Service tiers by slug. The tiers themselves, with their limits, are rows in the database of the auth service. */
import { z } from 'zod';

export const tierSlug = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** Limits of a tier; `null` means unlimited. */
export const tierLimits = z.object({
  requestsPerMinute: z.number().int().positive().nullable(),
  tokensPerMinute: z.number().int().positive().nullable(),
});
export type TierLimits = z.infer<typeof tierLimits>;
