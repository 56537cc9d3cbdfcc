/** Service tiers by slug. The table itself, with limits, lives in the auth service's database and can be changed there. */
import { z } from 'zod';

export const tierSlug = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** What a tier allows; `null` is unlimited. */
export const tierLimits = z.object({
  requestsPerMinute: z.number().int().positive().nullable(),
  tokensPerMinute: z.number().int().positive().nullable(),
});
export type TierLimits = z.infer<typeof tierLimits>;
