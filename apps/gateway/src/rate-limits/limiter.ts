/**
 * The interface of rate limiters. A bucket belongs to one API key under one tier. It has two allowances, requests and tokens per
 * minute, which are replenished continuously (GCRA, the generic cell rate algorithm, with a burst of one minute). A request takes
 * from both or from neither.
 *
 * While a request runs, its maximum tokens are held; at its end the actual usage is charged. A hold that is neither settled nor
 * renewed expires.
 */
import type { TierLimits } from '@xerotier/contracts/auth';

export interface Bucket {
  readonly keyId: string;
  readonly tier: string;
  readonly limits: TierLimits;
}

export interface Hold {
  /** Unique among the holds of its bucket; letters, digits, `_` and `-`. */
  readonly id: string;
  /** Capped at the whole allowance: a larger request requires a full bucket, and its additional usage is charged afterwards. */
  readonly tokens: number;
}

/** The state of one allowance after the call. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Time until the allowance is full again. */
  readonly resetMs: number;
}

export interface LimitDecision {
  /** The exceeded allowance; undefined if the request is admitted. */
  readonly rejectedBy: 'requests' | 'tokens' | undefined;
  /** Time until the same request would be admitted, without other requests; 0 if it is admitted. */
  readonly retryAfterMs: number;
  /** Null if unlimited. */
  readonly requests: Allowance | null;
  /** Null if unlimited. */
  readonly tokens: Allowance | null;
}

export interface Limiter {
  admit(bucket: Bucket, hold: Hold): Promise<LimitDecision>;
  /** Ends the hold of a request and charges its usage, even if the hold has expired. */
  settle(bucket: Bucket, hold: Hold, usedTokens: number): Promise<void>;
  /** Extends the hold of a running request. */
  renew(bucket: Bucket, hold: Hold): Promise<void>;
}

/** Time in which an empty allowance is replenished. */
export const WINDOW_US = 60_000_000;
/** Lifetime of a hold without renewal, which bounds how long a crashed gateway blocks tokens. */
export const HOLD_MS = 60_000;

/** Returns the tokens that a hold takes of an allowance. */
export function heldTokens(hold: Hold, limit: number): number {
  return Math.min(Math.max(1, Math.ceil(hold.tokens)), limit);
}
