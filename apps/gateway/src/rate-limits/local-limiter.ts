/**
 * Limits in the memory of one gateway, used while Redis is unavailable. Each gateway has a share of the allowance. Quotas and
 * spend caps are not counted here.
 */
import { LRUCache } from 'lru-cache';
import { CONCURRENCY_RETRY_MS, HOLD_MS, heldAmount, LATE_MS, WINDOW_US } from './limiter.ts';
import type { Allowance, Bucket, Charge, Hold, Limiter, LimitDecision } from './limiter.ts';

/** As in the Redis scripts: times at which an allowance is full again, in microseconds. */
interface State {
  requests: number;
  tokens: number;
  held: number;
  readonly holds: Map<string, { readonly tokens: number; expiresAt: number }>;
  /** Expired holds that can still be settled, and until when. */
  readonly late: Map<string, number>;
}

/** The least recently used bucket is evicted, and is full if it is used again. */
const BUCKETS_MAX = 20_000;

export class LocalLimiter implements Limiter {
  readonly #buckets = new LRUCache<string, State>({ max: BUCKETS_MAX });
  readonly #nowUs: () => number;

  constructor(nowUs: () => number = () => performance.now() * 1_000) {
    this.#nowUs = nowUs;
  }

  async admit(bucket: Bucket, hold: Hold): Promise<LimitDecision> {
    const now = this.#nowUs();
    const state = this.#stateOf(bucket, now);
    const { requestsPerMinute, tokensPerMinute, concurrencyMax, burstRequests } = bucket.limits;
    const requestStep = requestsPerMinute === null ? 0 : WINDOW_US / requestsPerMinute;
    const tokenStep = tokensPerMinute === null ? 0 : WINDOW_US / tokensPerMinute;
    const cost = tokensPerMinute === null ? 0 : heldAmount(hold.tokens, tokensPerMinute);
    const requestWait = state.requests - now + requestStep - WINDOW_US - (burstRequests ?? 0) * requestStep;
    const tokenWait = state.tokens - now + (state.held + cost) * tokenStep - WINDOW_US;
    const concurrencyWait = CONCURRENCY_RETRY_MS * 1_000;
    let rejectedBy: LimitDecision['rejectedBy'];
    let wait = 0;
    if (requestsPerMinute !== null && requestWait > 1) [rejectedBy, wait] = ['requests', requestWait];
    if (tokensPerMinute !== null && tokenWait > 1 && tokenWait > wait) [rejectedBy, wait] = ['tokens', tokenWait];
    if (concurrencyMax !== null && state.holds.size >= concurrencyMax && concurrencyWait > wait)
      [rejectedBy, wait] = ['concurrency', concurrencyWait];
    if (rejectedBy === undefined) {
      state.requests += requestStep;
      if (tokensPerMinute !== null || concurrencyMax !== null) {
        state.held += cost;
        state.holds.set(hold.id, { tokens: cost, expiresAt: now + HOLD_MS * 1_000 });
      }
    }
    return {
      rejectedBy,
      retryAfterMs: Math.ceil(wait / 1_000),
      requests: allowance(requestsPerMinute, state.requests - now, requestStep, 0),
      tokens: allowance(tokensPerMinute, state.tokens - now, tokenStep, state.held),
    };
  }

  async settle(bucket: Bucket, { id }: Hold, { tokens }: Charge): Promise<void> {
    const state = this.#stateOf(bucket, this.#nowUs());
    const isOpen = end(state, id) || state.late.delete(id);
    const limit = bucket.limits.tokensPerMinute;
    if (isOpen && limit !== null) state.tokens += (tokens * WINDOW_US) / limit;
  }

  async renew(bucket: Bucket, { id }: Hold): Promise<void> {
    const now = this.#nowUs();
    const hold = this.#stateOf(bucket, now).holds.get(id);
    if (hold !== undefined) hold.expiresAt = now + HOLD_MS * 1_000;
  }

  #stateOf({ keyId, tier }: Bucket, now: number): State {
    const name = `${keyId} ${tier}`;
    const state: State = this.#buckets.get(name) ?? {
      ...{ requests: 0, tokens: 0, held: 0 },
      ...{ holds: new Map(), late: new Map() },
    };
    this.#buckets.set(name, state);
    state.requests = Math.max(now, state.requests);
    state.tokens = Math.max(now, state.tokens);
    for (const [id, until] of state.late) if (until <= now) state.late.delete(id);
    for (const [id, { expiresAt }] of state.holds)
      if (expiresAt <= now) {
        end(state, id);
        state.late.set(id, now + LATE_MS * 1_000);
      }
    return state;
  }
}

/** Returns whether the hold was open. */
function end(state: State, holdId: string): boolean {
  state.held -= state.holds.get(holdId)?.tokens ?? 0;
  return state.holds.delete(holdId);
}

function allowance(limit: number | null, owedUs: number, step: number, held: number): Allowance | null {
  if (limit === null) return null;
  // The epsilon compensates rounding errors just below an integer.
  const remaining = Math.floor((WINDOW_US - owedUs) / step - held + 1e-6);
  return { limit, remaining: Math.max(0, remaining), resetMs: Math.ceil((owedUs + held * step) / 1_000) };
}
