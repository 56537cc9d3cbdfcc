/**
 * Slots of the router, as a caller sees them: asks for one, asks again while it is queued, gives it back. When no router
 * answers, `acquire` says so once and for a while after, so that requests take the shared subject without waiting.
 */
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import type { AcquireInput, acquireManyOutput, AcquireOutput } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { Bus } from '@xerotier/nats';
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

/** How long one question is held open by the router. */
const WAIT_MS = 2_000;
/** What the router may take on top before it counts as gone. */
const SILENCE_MS = 1_000;
/** How long a router that did not answer is left alone. */
const ROUTER_PAUSE_MS = 1_000;

/** Questions in one message. */
const ACQUIRES_TOGETHER_MAX = 256;

type AcquireManyResults = z.output<typeof acquireManyOutput>['results'];

interface Asking {
  readonly request: SlotRequest;
  readonly resolve: (output: AcquireOutput | undefined) => void;
  readonly reject: (error: AppError) => void;
}

export class Slots {
  readonly #bus: Bus;
  #asking: Asking[] = [];
  readonly #released: { leaseId: string; workerId: string; outcome: LeaseOutcome }[] = [];
  #routerGoneUntil = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * A slot, or undefined when no router answers.
   * @throws {AppError} `router.no_worker`, `router.queue_full`, `router.queue_timeout`; `inference.cancelled` once it is
   * cancelled (a slot that is granted after that is given back).
   */
  async acquire(request: SlotRequest, cancelled: () => boolean): Promise<Slot | undefined> {
    let output = await this.#askTogether(request);
    while (output !== undefined) {
      if (output.status === 'granted') {
        if (!cancelled()) return output;
        this.release(output, 'unused');
      }
      if (cancelled()) throw new AppError('inference.cancelled');
      output = await this.#askAndWait(request);
    }
    return undefined;
  }

  /** The first question: all that come up in one event-loop turn leave as one message, and are answered at once. */
  #askTogether(request: SlotRequest): Promise<AcquireOutput | undefined> {
    return new Promise((resolve, reject) => {
      this.#asking.push({ request, resolve, reject });
      if (this.#asking.length === 1) setImmediate(() => void this.#ask(this.#asking.splice(0)));
      else if (this.#asking.length === ACQUIRES_TOGETHER_MAX) void this.#ask(this.#asking.splice(0));
    });
  }

  async #ask(pending: readonly Asking[]): Promise<void> {
    if (pending.length === 0) return;
    try {
      const results = await this.#acquireMany(pending.map(({ request }) => request));
      pending.forEach(({ resolve, reject }, at) => {
        const output = results?.[at];
        if (output?.status === 'rejected') reject(AppError.fromWire(output.error));
        else resolve(output);
      });
    } catch (error) {
      for (const { reject } of pending) reject(AppError.from(error));
    }
  }

  /** Undefined when no router answers, or when none did a moment ago. */
  async #acquireMany(requests: readonly SlotRequest[]): Promise<AcquireManyResults | undefined> {
    if (performance.now() < this.#routerGoneUntil) return undefined;
    const inputs = requests.map(({ deadlineAt, ...input }) => ({
      ...input,
      waitMs: 0,
      deadlineMs: leftUntil(deadlineAt),
    }));
    const output = await this.#bus
      .call(routerContract.operations.acquireMany, { requests: inputs }, { deadlineMs: SILENCE_MS })
      .catch((error: unknown) => this.#unavailable(AppError.from(error)));
    return output?.results;
  }

  /** The question of one who is queued: held open by the router until a slot is free, or for a while. */
  #askAndWait({ deadlineAt, ...input }: SlotRequest): Promise<AcquireOutput | undefined> {
    if (deadlineAt <= performance.now()) throw new AppError('router.queue_timeout', { model: input.modelId });
    const deadlineMs = leftUntil(deadlineAt);
    const waitMs = Math.min(WAIT_MS, deadlineMs);
    return this.#bus
      .call(routerContract.operations.acquire, { ...input, waitMs, deadlineMs }, { deadlineMs: waitMs + SILENCE_MS })
      .catch((error: unknown) => this.#unavailable(AppError.from(error)));
  }

  /** Gives a slot back. Several in one event-loop turn leave as one message. */
  release(slot: Slot, outcome: LeaseOutcome): void {
    this.#released.push({ leaseId: slot.leaseId, workerId: slot.workerId, outcome });
    if (this.#released.length === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    while (this.#released.length > 0) {
      try {
        this.#bus.publish(leasesReleased, { leases: this.#released.splice(0, 1_000) });
      } catch {
        // The bus is closed; the router learns of free slots from the workers' heartbeats.
      }
    }
  }

  /** Undefined for "there is no router"; what the router refuses is thrown. */
  #unavailable(error: AppError): undefined {
    if (error.code.startsWith('router.')) throw error;
    this.#routerGoneUntil = performance.now() + ROUTER_PAUSE_MS;
    return undefined;
  }
}

/** Whole milliseconds until a moment, at least one: a deadline that is over is found out by whoever waits. */
function leftUntil(deadlineAt: number): number {
  return Math.max(1, Math.ceil(deadlineAt - performance.now()));
}
