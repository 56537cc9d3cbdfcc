/** Tiers and their prices, as operators of the platform change them. Endpoints choose from `listTiers` of the endpoints contract. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { systemChangeContext } from './system-changes.ts';
import { tierPrice, tierRecord, tierSlug } from './tiers.ts';

/** The database has 32-bit integers. */
const INTEGER_MAX = 2_147_483_647;
const PRICE_MICROS_MAX = 1_000_000_000;

/** Null is unlimited. */
const limit = z.number().int().min(1).max(INTEGER_MAX).nullable();

/** What a tier consists of, besides its prices. */
export const tierValues = z.object({
  name: z.string().min(1).max(256),
  requestsPerMinute: limit,
  tokensPerMinute: limit,
  endpointsMax: limit,
  concurrencyMax: limit,
  burstRequests: z.number().int().min(0).max(INTEGER_MAX).nullable(),
  requestTimeoutSeconds: limit,
  idleTimeoutSeconds: limit,
  modelBytesMax: z.number().int().min(1).nullable(),
  storageBytesMax: z.number().int().min(1).nullable().optional(),
  batchTokensMax: z.number().int().min(1).nullable().optional(),
});
export type TierValues = z.infer<typeof tierValues>;

const price = z.number().int().min(0).max(PRICE_MICROS_MAX);

/** Micro-units (millionths of a US dollar) per million tokens. */
export const priceValues = z.object({
  inputMicros: price,
  cachedInputMicros: price,
  outputMicros: price,
  batchDiscountPercent: z.number().int().min(0).max(100),
  /** Unix milliseconds. Absent: from now on. */
  validFrom: z.number().int().nonnegative().optional(),
});

export const tierPriceRecord = tierPrice.extend({
  tier: tierSlug,
  /** The id of an account, or the user of the operating system who ran the command `prices`. */
  createdBy: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number().int().nonnegative(),
});
export type TierPriceRecord = z.infer<typeof tierPriceRecord>;

const TIMEOUT_MS = 5_000;
const context = systemChangeContext;
const changeErrors = ['tier.not_found', 'idempotency.key_reused', 'db.unavailable'] as const;

export const tiersContract = service('auth', {
  getTier: request({
    subject: 'auth.v1.tiers.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ slug: tierSlug }),
    output: tierRecord,
    errors: ['tier.not_found', 'db.unavailable'],
  }),
  /** A slug is never used again, since the ledger refers to it. */
  createTier: request({
    subject: 'auth.v1.tiers.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, slug: tierSlug, ...tierValues.shape }),
    output: tierRecord,
    errors: ['tier.slug_taken', 'tier.too_many', 'idempotency.key_reused', 'db.unavailable'],
  }),
  /** Changes what is present. Gateways use changed limits for new requests within 30 seconds. */
  updateTier: request({
    subject: 'auth.v1.tiers.update',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, slug: tierSlug, ...tierValues.partial().shape }),
    output: tierRecord,
    errors: changeErrors,
  }),
  /** Its prices remain for the ledger. */
  deleteTier: request({
    subject: 'auth.v1.tiers.delete',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, slug: tierSlug }),
    output: z.object({}),
    errors: [...changeErrors, 'tier.in_use'],
  }),
  /** All versions, the latest first. */
  listTierPrices: request({
    subject: 'auth.v1.tier-prices.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      tier: tierSlug,
      before: z.number().int().positive().optional(),
      limit: z.number().int().min(1).max(100),
    }),
    output: z.object({ data: z.array(tierPriceRecord).max(100), hasMore: z.boolean() }),
    errors: ['tier.not_found', 'db.unavailable'],
  }),
  /** Adds a version, which is valid later than all others. */
  addTierPrice: request({
    subject: 'auth.v1.tier-prices.add',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, tier: tierSlug, ...priceValues.shape }),
    output: tierPriceRecord,
    errors: [...changeErrors, 'tier.price_too_early'],
  }),
});
