/** A model of quotas, spend caps and running requests, for tests: all requests are kept, and everything is a sum over them. */
import { HOLD_MS, heldCost } from '../src/rate-limits/limiter.ts';
import type { Bucket, Hold, LimitDecision } from '../src/rate-limits/limiter.ts';

interface Admitted {
  readonly keyId: string;
  readonly cost: number;
  readonly month: number;
  expiresAt: number;
  isOpen: boolean;
}

const HOUR_US = 3_600_000_000;

export class BudgetModel {
  /** Months are shorter in tests. */
  static readonly monthUs = 2 * HOUR_US;
  readonly #admitted = new Map<string, Admitted>();
  readonly #quotas = new Map<string, { used: number; endsAt: number }>();
  /** By owner and month. */
  readonly #spent = new Map<string, number>();
  /** What the ledger has added to it. */
  readonly #raised = new Map<string, number>();

  static monthOf(nowUs: number): number {
    return Math.floor(nowUs / BudgetModel.monthUs);
  }

  admit({ keyId, projectId, limits, quota, spend }: Bucket, hold: Hold, now: number): LimitDecision['rejectedBy'] {
    const month = BudgetModel.monthOf(now);
    const waits: [NonNullable<LimitDecision['rejectedBy']>, number][] = [];
    const running = this.#open(now).filter((each) => each.keyId === keyId);
    if (limits.concurrencyMax !== null && running.length >= limits.concurrencyMax)
      waits.push(['concurrency', 1_000_000]);
    const kept = this.#quotas.get(keyId);
    const window = kept === undefined || kept.endsAt <= now ? { used: 0, endsAt: now + lengthOf(quota) } : kept;
    if (quota !== undefined && window.used >= quota.requests) waits.push(['key_quota', window.endsAt - now]);
    const monthEnds = (month + 1) * BudgetModel.monthUs - now;
    const owners = [
      ['key_spend', keyId, spend?.key, running] as const,
      ['project_spend', projectId, spend?.project, this.#open(now)] as const,
    ];
    for (const [name, owner, cap, open] of owners) {
      if (cap === undefined) continue;
      const spent = Math.max(this.#spent.get(`${owner} ${month}`) ?? 0, cap.spentMicros);
      const held = open.filter((each) => each.month === month);
      const sum = held.reduce((total, each) => total + heldCost(each.cost), 0);
      const most = spent + sum + heldCost(hold.costMicros);
      if (most > cap.capMicros) waits.push([name, Math.max(monthEnds, 1_000_000)]);
    }
    const rejected = waits.toSorted((a, b) => b[1] - a[1])[0];
    if (rejected !== undefined) return rejected[0];
    if (quota !== undefined) this.#quotas.set(keyId, { ...window, used: window.used + 1 });
    for (const [, owner, cap] of owners) if (cap !== undefined) this.#raise(`${owner} ${month}`, cap.spentMicros);
    const expiresAt = now + HOLD_MS * 1_000;
    this.#admitted.set(hold.id, { keyId, cost: hold.costMicros, month, expiresAt, isOpen: true });
    return undefined;
  }

  settle({ projectId }: Bucket, { id }: Hold, cost: number, now: number): void {
    const request = this.#admitted.get(id);
    if (request?.isOpen !== true) return;
    request.isOpen = false;
    if (request.month !== BudgetModel.monthOf(now)) return;
    for (const owner of [request.keyId, projectId]) {
      const name = `${owner} ${request.month}`;
      const raised = this.#raised.get(name) ?? 0;
      const known = request.expiresAt > now ? 0 : Math.min(cost, raised);
      this.#raised.set(name, raised - known);
      this.#spent.set(name, (this.#spent.get(name) ?? 0) + cost - known);
    }
  }

  #raise(name: string, recorded: number): void {
    const spent = this.#spent.get(name) ?? 0;
    const raise = Math.max(0, recorded - spent);
    this.#spent.set(name, spent + raise);
    this.#raised.set(name, (this.#raised.get(name) ?? 0) + raise);
  }

  renew({ id }: Hold, now: number): void {
    const request = this.#admitted.get(id);
    if (request !== undefined && request.expiresAt > now) request.expiresAt = now + HOLD_MS * 1_000;
  }

  spentOf(owner: string, now: number): number {
    return this.#spent.get(`${owner} ${BudgetModel.monthOf(now)}`) ?? 0;
  }

  /** The requests that run, as far as can be known. */
  #open(now: number): Admitted[] {
    return [...this.#admitted.values()].filter(({ isOpen, expiresAt }) => isOpen && expiresAt > now);
  }
}

function lengthOf(quota: Bucket['quota']): number {
  return (quota?.windowSeconds ?? 0) * 1_000_000;
}
