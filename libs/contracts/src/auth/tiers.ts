/** Service tiers by slug. The tiers themselves, with their limits, are rows in the database of the auth service. */
import { z } from 'zod';

export const tierSlug = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** Limits of a tier; `null` means unlimited. */
export const tierLimits = z.object({
  requestsPerMinute: z.number().int().positive().nullable(),
  tokensPerMinute: z.number().int().positive().nullable(),
});

/** What a request is admitted by: the limits of its tier, for each key. */
export const admissionLimits = tierLimits.extend({
  /** Running requests. */
  concurrencyMax: z.number().int().positive().nullable().default(null),
  /** Requests beyond those per minute that may arrive at once. Null is none. */
  burstRequests: z.number().int().nonnegative().nullable().default(null),
});
export type AdmissionLimits = z.infer<typeof admissionLimits>;

/** How long a request of a tier may take. Null: as long as the gateway allows, and any time without output. */
export const tierTimeouts = z.object({
  /** From the admission of a request to its end. */
  requestTimeoutSeconds: z.number().int().positive().nullable().default(null),
  /** Of a stream without output. */
  idleTimeoutSeconds: z.number().int().positive().nullable().default(null),
});
export type TierTimeouts = z.infer<typeof tierTimeouts>;

const limit = z.number().int().nonnegative().nullable().default(null);
const micros = z.number().int().nonnegative();

/** Prices of a tier, in micro-units (millionths of a US dollar) per million tokens. */
export const tierPrice = z.object({
  version: z.number().int().positive(),
  /** Unix milliseconds. */
  validFrom: z.number().int().nonnegative(),
  inputMicros: micros,
  cachedInputMicros: micros,
  outputMicros: micros,
  batchDiscountPercent: z.number().int().min(0).max(100),
});

export const tierRecord = z.object({
  slug: tierSlug,
  name: z.string(),
  limits: tierLimits,
  /** Maximum number of endpoints of a project on this tier; null for no maximum, as in all limits. */
  endpointsMax: z.number().int().positive().nullable(),
  concurrencyMax: limit,
  burstRequests: limit,
  requestTimeoutSeconds: limit,
  idleTimeoutSeconds: limit,
  modelBytesMax: limit,
  /** What a project with an endpoint on this tier may store. */
  storageBytesMax: limit.default(null),
  /** Tokens that a project with an endpoint on this tier may have enqueued in batches. */
  batchTokensMax: limit.default(null),
  /** Valid now; null if the tier has none. */
  price: tierPrice.nullable().default(null),
});
export type TierRecord = z.infer<typeof tierRecord>;
