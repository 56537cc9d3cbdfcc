/**
 * Slots of the router, as a caller sees them: asks for one, asks again while it is queued, gives it back. When no router
 * answers, `acquire` says so once and for a while after, so that requests take the shared subject without waiting.
 */
import { leasesReleased, routerContract } from '@xerotier/contracts';
import type { AcquireInput } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import type { Bus } from '@xerotier/nats';

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

export class Slots {
  readonly #bus: Bus;
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
    const { deadlineAt, ...input } = request;
    while (performance.now() >= this.#routerGoneUntil) {
      const remainingMs = deadlineAt - performance.now();
      if (remainingMs <= 0) throw new AppError('router.queue_timeout', { model: input.modelId });
      const waitMs = Math.round(Math.min(WAIT_MS, remainingMs));
      const answer = await this.#bus
        .call(
          routerContract.operations.acquire,
          { ...input, waitMs, deadlineMs: Math.ceil(remainingMs) },
          { deadlineMs: waitMs + SILENCE_MS },
        )
        .catch((error: unknown) => this.#unavailable(AppError.from(error)));
      if (answer === undefined) return undefined;
      if (answer.status === 'granted') {
        if (!cancelled()) return answer;
        this.release(answer, 'unused');
      }
      if (cancelled()) throw new AppError('inference.cancelled');
    }
    return undefined;
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
