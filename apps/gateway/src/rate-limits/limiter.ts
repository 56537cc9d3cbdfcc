/**
 * What a limiter promises. A bucket is one API key under one tier; it holds two allowances of one minute each, requests and
 * tokens, that refill evenly (GCRA: the generic cell rate algorithm with a burst of one minute). A request takes its part
 * of both or of none.
 *
 * Tokens are held while a request runs, at the most that it can use, and charged when it is over, at what it really used. A
 * hold that nobody settles or renews runs out by itself.
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
  /** More than the whole allowance counts as the whole: such a request waits for a full bucket, and what it used beyond is owed. */
  readonly tokens: number;
}

/** One allowance after the question; null where there is no limit. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Until the allowance is full again if nothing more is taken. */
  readonly resetMs: number;
}

export interface Verdict {
  /** Which allowance was too small; undefined when the request may run. */
  readonly rejectedBy: 'requests' | 'tokens' | undefined;
  /** When the same question would be answered with yes, if nobody else asked; 0 when it may run. */
  readonly retryAfterMs: number;
  readonly requests: Allowance | null;
  readonly tokens: Allowance | null;
}

export interface Limiter {
  admit(bucket: Bucket, hold: Hold): Promise<Verdict>;
  /** The request is over: its hold ends and what it used is charged, also when the hold had run out. */
  settle(bucket: Bucket, hold: Hold, usedTokens: number): Promise<void>;
  /** The request still runs. */
  renew(bucket: Bucket, hold: Hold): Promise<void>;
}

/** The time in which an empty allowance fills. */
export const WINDOW_US = 60_000_000;
/** How long a hold lives without being renewed: a gateway that died keeps nobody's tokens for longer. */
export const HOLD_MS = 60_000;

/** What a hold takes of an allowance. */
export function heldTokens(hold: Hold, limit: number): number {
  return Math.min(Math.max(1, Math.ceil(hold.tokens)), limit);
}
