/**
 * The interface of rate limiters. A request is admitted by all of its limits or by none:
 *
 * - requests and tokens per minute of a key under a tier, which are replenished continuously (GCRA, the generic cell rate
 *   algorithm, with a burst of one minute, and of the burst requests of the tier besides), and its running requests;
 * - the quota of the key: requests in a fixed window, which starts with the first request after the previous one;
 * - the spend caps of the key and of its project, per calendar month.
 *
 * While a request runs, the most that it can use is held; at its end the actual usage is charged, once. A hold that is neither
 * settled nor renewed expires.
 */
import type { AdmissionLimits, KeyQuota, SpendLimits } from '@xerotier/contracts/auth';

/** The limits of a request, and what they are counted by. */
export interface Bucket {
  readonly projectId: string;
  readonly keyId: string;
  readonly tier: string;
  readonly limits: AdmissionLimits;
  readonly quota?: KeyQuota | undefined;
  readonly spend?: SpendLimits | undefined;
}

export interface Hold {
  /** Unique among the holds of a project; letters, digits, `_` and `-`. */
  readonly id: string;
  /** Capped at the whole allowance: a larger request requires a full bucket, and its additional usage is charged afterwards. */
  readonly tokens: number;
  /** In micro-units. Capped at the whole spend cap in the same way. */
  readonly costMicros: number;
}

/** What a request has used. */
export interface Charge {
  readonly tokens: number;
  readonly costMicros: number;
}

/** The state of one allowance after the call. */
export interface Allowance {
  /** Per minute. */
  readonly limit: number;
  /** Of the limit: 0 while requests are admitted by the burst of the tier. */
  readonly remaining: number;
  /** Time until the allowance is full again. */
  readonly resetMs: number;
}

export type LimitName = 'requests' | 'tokens' | 'concurrency' | 'key_quota' | 'key_spend' | 'project_spend';

export interface LimitDecision {
  /** The exceeded limit; that with the longest wait if there are several. Undefined if the request is admitted. */
  readonly rejectedBy: LimitName | undefined;
  /** Time until the same request would be admitted, without other requests; 0 if it is admitted, a guess for `concurrency`. */
  readonly retryAfterMs: number;
  /** Null if unlimited. */
  readonly requests: Allowance | null;
  /** Null if unlimited. */
  readonly tokens: Allowance | null;
}

export interface Limiter {
  admit(bucket: Bucket, hold: Hold): Promise<LimitDecision>;
  /**
   * Ends the hold of a request and charges its usage. Charges nothing if the hold was settled before, or expired long ago. The cost of
   * a hold that has expired is charged only as far as the ledger has not added as much in this month: it knows the request, or will
   * in seconds.
   */
  settle(bucket: Bucket, hold: Hold, charge: Charge): Promise<void>;
  /** Extends the hold of a running request. An expired hold is not renewed. */
  renew(bucket: Bucket, hold: Hold): Promise<void>;
}

/** Time in which an empty allowance is replenished. */
export const WINDOW_US = 60_000_000;
/** Lifetime of a hold without renewal, which bounds how long a crashed gateway blocks tokens and running requests. */
export const HOLD_MS = 60_000;
/** How long after its expiry a hold can still be settled. */
export const LATE_MS = 600_000;
/** Retry-After of a request beyond the running ones, whose end is not known. */
export const CONCURRENCY_RETRY_MS = 1_000;

/** Returns what a hold takes of an allowance of tokens: a request that may need more than all of it waits for a full one. */
export function heldAmount(amount: number, limit: number): number {
  return Math.max(1, Math.min(Math.ceil(amount), limit));
}

/** Returns what a hold takes of a spend cap: all that the request can cost, or the cap would be none. */
export function heldCost(costMicros: number): number {
  return Math.max(1, Math.ceil(costMicros));
}
