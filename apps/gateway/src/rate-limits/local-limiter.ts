/** Limits in the memory of one gateway, used while Redis is unavailable. Each gateway has a share of the allowance. */
import { LRUCache } from 'lru-cache';
import { HOLD_MS, heldTokens, WINDOW_US } from './limiter.ts';
import type { Allowance, Bucket, Hold, Limiter, LimitDecision } from './limiter.ts';

/** As in the Redis scripts: times at which an allowance is full again, in microseconds. */
interface State {
  requests: number;
  tokens: number;
  held: number;
  readonly holds: Map<string, { readonly tokens: number; expiresAt: number }>;
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
    const { requestsPerMinute, tokensPerMinute } = bucket.limits;
    const requestStep = requestsPerMinute === null ? 0 : WINDOW_US / requestsPerMinute;
    const tokenStep = tokensPerMinute === null ? 0 : WINDOW_US / tokensPerMinute;
    const cost = tokensPerMinute === null ? 0 : heldTokens(hold, tokensPerMinute);
    const requestWait = state.requests - now + requestStep - WINDOW_US;
    const tokenWait = state.tokens - now + (state.held + cost) * tokenStep - WINDOW_US;
    let rejectedBy: LimitDecision['rejectedBy'];
    let wait = 0;
    if (requestWait > 1) [rejectedBy, wait] = ['requests', requestWait];
    if (tokensPerMinute !== null && tokenWait > 1 && tokenWait > wait) [rejectedBy, wait] = ['tokens', tokenWait];
    if (rejectedBy === undefined) {
      state.requests += requestStep;
      if (tokensPerMinute !== null) {
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

  async settle(bucket: Bucket, hold: Hold, usedTokens: number): Promise<void> {
    const limit = bucket.limits.tokensPerMinute;
    if (limit === null) return;
    const state = this.#stateOf(bucket, this.#nowUs());
    end(state, hold.id);
    state.tokens += (usedTokens * WINDOW_US) / limit;
  }

  async renew(bucket: Bucket, { id }: Hold): Promise<void> {
    const now = this.#nowUs();
    const hold = this.#stateOf(bucket, now).holds.get(id);
    if (hold !== undefined) hold.expiresAt = now + HOLD_MS * 1_000;
  }

  #stateOf({ keyId, tier }: Bucket, now: number): State {
    const name = `${keyId} ${tier}`;
    const state: State = this.#buckets.get(name) ?? { requests: 0, tokens: 0, held: 0, holds: new Map() };
    this.#buckets.set(name, state);
    state.requests = Math.max(now, state.requests);
    state.tokens = Math.max(now, state.tokens);
    for (const [id, { expiresAt }] of state.holds) if (expiresAt <= now) end(state, id);
    return state;
  }
}

function end(state: State, holdId: string): void {
  state.held -= state.holds.get(holdId)?.tokens ?? 0;
  state.holds.delete(holdId);
}

function allowance(limit: number | null, owedUs: number, step: number, held: number): Allowance | null {
  if (limit === null) return null;
  // The epsilon compensates rounding errors just below an integer.
  const remaining = Math.floor((WINDOW_US - owedUs) / step - held + 1e-6);
  return { limit, remaining: Math.max(0, remaining), resetMs: Math.ceil((owedUs + held * step) / 1_000) };
}
