/**
 * Acquires slots from the router and releases them. While a request is queued, it polls with long-running calls. If no router
 * responds, `acquire` returns undefined then and for a while after, so that requests use the shared subject without waiting.
 */
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import type { AcquireInput, acquireManyOutput, AcquireOutput } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { logContext } from '@xerotier/log';
import type { Bus } from '@xerotier/nats';
import { spansEnabled } from '@xerotier/telemetry';
import type { TraceContext } from '@xerotier/telemetry';
import type { z } from 'zod';

export interface Slot {
  readonly leaseId: string;
  readonly workerId: string;
}

export type LeaseOutcome = 'done' | 'cancelled' | 'failed' | 'lost' | 'unused';

export type SlotRequest = Omit<AcquireInput, 'waitMs' | 'deadlineMs'> & {
  /** When to give up, in `performance.now()` milliseconds. */
  readonly deadlineAt: number;
};

/** How long the router may hold a call open. */
const WAIT_MS = 2_000;
/** How long the router may take in addition, before it counts as unavailable. */
const ROUTER_TIMEOUT_MS = 1_000;
/** How long an unavailable router is bypassed. */
const ROUTER_BYPASS_MS = 1_000;

/** Maximum number of requests in one `acquireMany` message. */
const BATCH_MAX = 256;

type AcquireManyResults = z.output<typeof acquireManyOutput>['results'];

interface PendingAcquire {
  readonly request: SlotRequest;
  readonly resolve: (output: AcquireOutput | undefined) => void;
  readonly reject: (error: AppError) => void;
  readonly trace: TraceContext | undefined;
}

export class Slots {
  readonly #bus: Bus;
  #pending: PendingAcquire[] = [];
  readonly #released: { leaseId: string; workerId: string; outcome: LeaseOutcome }[] = [];
  #routerBypassedUntil = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Acquires a slot. Returns undefined if no router is available.
   * @throws {AppError} `router.no_worker`, `router.queue_full`, `router.queue_timeout`; `inference.cancelled` if it was
   * cancelled (a slot that is granted after that is released).
   */
  async acquire(request: SlotRequest, cancelled: () => boolean): Promise<Slot | undefined> {
    let output = await this.#acquireBatched(request);
    // Past the deadline the router is called once more, since only it knows why the request was not served.
    let isLast = false;
    while (output !== undefined) {
      if (output.status === 'granted') {
        if (!cancelled()) return output;
        this.release(output, 'unused');
      }
      if (cancelled()) throw new AppError('inference.cancelled');
      if (isLast) throw new AppError('router.queue_timeout', { model: request.modelId });
      isLast = performance.now() >= request.deadlineAt;
      output = await this.#acquireQueued(request);
    }
    return undefined;
  }

  /** The first attempt, without waiting: all requests of one event-loop iteration are sent as one message. */
  #acquireBatched(request: SlotRequest): Promise<AcquireOutput | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ request, resolve, reject, trace: logContext() });
      if (this.#pending.length === 1) setImmediate(() => void this.#sendBatch(this.#pending.splice(0)));
      else if (this.#pending.length === BATCH_MAX) void this.#sendBatch(this.#pending.splice(0));
    });
  }

  async #sendBatch(pending: readonly PendingAcquire[]): Promise<void> {
    if (pending.length === 0) return;
    try {
      const results = await this.#acquireMany(pending);
      pending.forEach(({ resolve, reject }, i) => {
        const output = results?.[i];
        if (output?.status === 'rejected') reject(AppError.fromWire(output.error));
        else resolve(output);
      });
    } catch (error) {
      for (const { reject } of pending) reject(AppError.from(error));
    }
  }

  /** Returns undefined if no router responds, or while the router is bypassed. */
  async #acquireMany(pending: readonly PendingAcquire[]): Promise<AcquireManyResults | undefined> {
    if (performance.now() < this.#routerBypassedUntil) return undefined;
    const inputs = pending.map(({ request: { deadlineAt, ...input } }) => ({
      ...input,
      waitMs: 0,
      deadlineMs: remainingMs(deadlineAt),
    }));
    const output = await this.#bus
      .call(
        routerContract.operations.acquireMany,
        { requests: inputs },
        { deadlineMs: ROUTER_TIMEOUT_MS, links: linksOf(pending) },
      )
      .catch((error: unknown) => this.#unavailable(AppError.from(error)));
    return output?.results;
  }

  /** Acquires a slot for a queued request; the router holds the call open until a slot is free, for at most `WAIT_MS`. */
  #acquireQueued({ deadlineAt, ...input }: SlotRequest): Promise<AcquireOutput | undefined> {
    const deadlineMs = remainingMs(deadlineAt);
    const waitMs = Math.min(WAIT_MS, deadlineMs);
    return this.#bus
      .call(
        routerContract.operations.acquire,
        { ...input, waitMs, deadlineMs },
        { deadlineMs: waitMs + ROUTER_TIMEOUT_MS },
      )
      .catch((error: unknown) => this.#unavailable(AppError.from(error)));
  }

  /** Releases a slot. All releases of one event-loop iteration are sent as one message. */
  release(slot: Slot, outcome: LeaseOutcome): void {
    this.#released.push({ leaseId: slot.leaseId, workerId: slot.workerId, outcome });
    if (this.#released.length === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    while (this.#released.length > 0) {
      try {
        this.#bus.publish(leasesReleased, { leases: this.#released.splice(0, 1_000) });
      } catch {
        // The bus is closed. The router gets the free slots from the heartbeats of the workers.
      }
    }
  }

  /** Bypasses the router for a while if it is unavailable; rethrows its own errors. */
  #unavailable(error: AppError): undefined {
    if (error.code.startsWith('router.')) throw error;
    this.#routerBypassedUntil = performance.now() + ROUTER_BYPASS_MS;
    return undefined;
  }
}

/** The call is part of the trace of one request, and linked to those of the others. */
function linksOf(pending: readonly PendingAcquire[]): TraceContext[] {
  if (!spansEnabled()) return [];
  const own = logContext();
  return pending.flatMap(({ trace }) => (trace === undefined || trace === own ? [] : [trace]));
}

/** Returns the milliseconds until a deadline, at least 1; callers check themselves whether it is exceeded. */
function remainingMs(deadlineAt: number): number {
  return Math.max(1, Math.ceil(deadlineAt - performance.now()));
}
