/**
 * Decides when and where a generation runs. A request that cannot run yet waits in its model's queue; its caller
 * retries every few seconds, so that neither a dead caller nor a dead router holds a slot for long.
 */
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import type { Logger } from '@xerotier/log';
import { randomUUID } from 'node:crypto';
import { isAvailable } from '../fleet/lease-table.ts';
import type { LeaseTable, WorkerView } from '../fleet/lease-table.ts';
import { metrics, modelLabels } from '../metrics.ts';
import type { PlacementPolicy } from './placement-policy.ts';
import { Ticket } from './ticket.ts';

export interface PlacementLimits {
  /** Maximum number of queued requests per model. Default 1,000. */
  readonly queueLengthMax: number;
  /** A queued request whose caller has not retried within this time is dropped. Default 2,000. */
  readonly retryWithinMs: number;
  /** How long requests wait for a model whose last worker left. Default 15,000. */
  readonly workerAbsenceMs: number;
}

export const placementLimitsDefaults: PlacementLimits = {
  queueLengthMax: 1_000,
  retryWithinMs: 2_000,
  workerAbsenceMs: 15_000,
};

export type Clock = () => number;

export class PlacementService {
  readonly #leases: LeaseTable;
  readonly #policy: PlacementPolicy;
  readonly #limits: PlacementLimits;
  readonly #log: Logger;
  readonly #now: Clock;
  readonly #tickets = new InFlightMap<string, Ticket>();
  readonly #queues = new Map<string, Ticket[]>();
  readonly #lastServedAt = new Map<string, number>();
  #arrivals = 0;

  constructor(
    leases: LeaseTable,
    policy: PlacementPolicy,
    log: Logger,
    limits: Partial<PlacementLimits> = {},
    now: Clock = () => performance.now(),
  ) {
    this.#leases = leases;
    this.#policy = policy;
    this.#log = log;
    this.#limits = { ...placementLimitsDefaults, ...limits };
    this.#now = now;
  }

  get queued(): number {
    return this.#tickets.size;
  }

  /** What waits for a slot, of all models. */
  waiting(): Pick<AcquireInput, 'modelId' | 'priority'>[] {
    return [...this.#queues.values()].flatMap((queue) => queue.map(({ input }) => input));
  }

  /**
   * Returns a lease on a worker, now or within `waitMs`; else the position in the queue. A call with the same ticket is
   * a retry of the same request.
   * @throws {AppError} `router.no_worker`, `router.queue_full`, `router.queue_timeout`; `inference.engine_unavailable`
   * when the model has workers, but all their engines are unavailable.
   */
  async acquire(input: AcquireInput): Promise<AcquireOutput> {
    const now = this.#now();
    const known = this.#tickets.get(input.ticketId);
    if (known?.grant !== undefined) return this.#collect(known, known.grant);
    const ticket = known ?? this.#enqueue(input, now);
    if (known === undefined) this.#serveQueue(input.modelId);
    if (ticket.grant !== undefined) return this.#collect(ticket, ticket.grant);
    ticket.renewBy = now + input.waitMs + this.#limits.retryWithinMs;
    if (input.waitMs === 0) return this.#queuedOutput(ticket);
    return this.#waitForGrant(ticket, input);
  }

  release(workerId: string, leaseId: string, suspect: boolean): void {
    this.#leases.release(workerId, leaseId, suspect, this.#now());
    this.#serveQueues();
  }

  onHeartbeat(state: WorkerState): void {
    const now = this.#now();
    this.#logAvailability(state, this.#leases.stateOf(state.workerId));
    this.#leases.recordHeartbeat(state, now);
    if (!state.draining && isAvailable(state)) this.#lastServedAt.set(state.modelId, now);
    this.#serveQueue(state.modelId);
  }

  #logAvailability(state: WorkerState, before: WorkerState | undefined): void {
    const { workerId, modelId, unavailableReason: reason } = state;
    const wasAvailable = before === undefined || isAvailable(before);
    if (wasAvailable && !isAvailable(state)) this.#log.warn('worker engine unavailable', { workerId, modelId, reason });
    if (!wasAvailable && isAvailable(state)) this.#log.info('worker engine available again', { workerId, modelId });
  }

  onWorkerLeft(workerId: string): void {
    this.#leases.removeWorker(workerId);
  }

  /**
   * Applies everything that depends on time alone: heartbeat timeouts, deadlines, callers that stopped retrying. Call
   * it a few times a second.
   */
  sweep(): void {
    const now = this.#now();
    for (const { workerId, modelId } of this.#leases.expire(now)) {
      this.#log.warn('worker heartbeat timed out', { workerId });
      metrics.heartbeatTimeouts.inc({ model: modelLabels.of(modelId) });
    }
    for (const ticket of [...this.#tickets.values()]) this.#sweepTicket(ticket, now);
    this.#serveQueues();
  }

  /** Resolves every waiting request: its caller retries at another router. */
  dismissAll(): void {
    for (const ticket of [...this.#tickets.values()]) {
      if (ticket.isWaiting) ticket.resolve(this.#queuedOutput(ticket));
    }
  }

  #sweepTicket(ticket: Ticket, now: number): void {
    const { modelId } = ticket.input;
    if (ticket.isWaiting || ticket.grant === undefined) {
      if (now >= ticket.deadlineAt) return this.#reject(ticket, this.#timeoutError(modelId));
      if (!this.#mayWait(modelId, now)) return this.#reject(ticket, this.#unservedError(modelId));
    }
    if (!ticket.isWaiting && now >= ticket.renewBy) this.#expire(ticket);
  }

  #enqueue(input: AcquireInput, now: number): Ticket {
    if (!this.#mayWait(input.modelId, now)) throw counted(input.modelId, this.#unservedError(input.modelId));
    const queue = this.#queues.get(input.modelId) ?? [];
    if (queue.length >= this.#limits.queueLengthMax)
      throw counted(
        input.modelId,
        new AppError('router.queue_full', { model: input.modelId }, { retryAfterSeconds: 5 }),
      );
    const ticket = new Ticket(input, this.#arrivals++, now);
    this.#policy.enqueue(queue, ticket);
    this.#queues.set(input.modelId, queue);
    this.#tickets.set(input.ticketId, ticket);
    return ticket;
  }

  /** Requests may wait for a model without workers while its worker is likely to restart. */
  #mayWait(modelId: string, now: number): boolean {
    if (this.#leases.serves(modelId)) return true;
    const lastServedAt = this.#lastServedAt.get(modelId);
    return lastServedAt !== undefined && now - lastServedAt < this.#limits.workerAbsenceMs;
  }

  /** All workers were busy, unless there are none: then the client learns that, however long its request could wait. */
  #timeoutError(modelId: string): AppError {
    if (!this.#leases.serves(modelId)) return this.#unservedError(modelId);
    return new AppError('router.queue_timeout', { model: modelId });
  }

  #unservedError(modelId: string): AppError {
    const options = { retryAfterSeconds: 5 };
    return this.#leases.awaitsEngine(modelId)
      ? new AppError('inference.engine_unavailable', {}, options)
      : new AppError('router.no_worker', { model: modelId }, options);
  }

  async #waitForGrant(ticket: Ticket, { waitMs, deadlineMs }: AcquireInput): Promise<AcquireOutput> {
    // A retry replaces the earlier call of the same ticket.
    ticket.resolve(this.#queuedOutput(ticket));
    // A caller that waits until its deadline does not ask again: it learns why it was not served.
    // By its own clock, since its first message may have taken longer than this one.
    const isLast = waitMs >= deadlineMs;
    const timer = setTimeout(() => {
      if (isLast) this.#reject(ticket, this.#timeoutError(ticket.input.modelId));
      else ticket.resolve(this.#queuedOutput(ticket));
    }, waitMs);
    try {
      return await ticket.wait();
    } finally {
      clearTimeout(timer);
    }
  }

  #serveQueues(): void {
    for (const modelId of [...this.#queues.keys()]) this.#serveQueue(modelId);
  }

  #serveQueue(modelId: string): void {
    const queue = this.#queues.get(modelId);
    if (queue === undefined) return;
    let free = this.#leases.free(modelId);
    for (let at = 0; at < queue.length && free.length > 0;) {
      const ticket = queue[at] as Ticket;
      const candidates = this.#candidates(ticket.input, free);
      if (candidates.length === 0) {
        at += 1;
        continue;
      }
      queue.splice(at, 1);
      this.#grant(ticket, this.#policy.choose(ticket.input, candidates).workerId);
      free = this.#leases.free(modelId);
    }
    if (queue.length === 0) this.#queues.delete(modelId);
  }

  /** Workers that failed the request are used again only when no other can serve it. */
  #candidates(input: AcquireInput, free: readonly WorkerView[]): WorkerView[] {
    const { modelId, excludedWorkers } = input;
    const admitting = free.filter((worker) => this.#policy.admits(input, worker));
    if (excludedWorkers.length === 0 || !this.#leases.serves(modelId, excludedWorkers)) return admitting;
    return admitting.filter(({ workerId }) => !excludedWorkers.includes(workerId));
  }

  #grant(ticket: Ticket, workerId: string): void {
    const now = this.#now();
    // Not `randomBytes`, which asks the operating system each time.
    const grant = { leaseId: `lease_${randomUUID()}`, workerId };
    this.#leases.grant(workerId, grant.leaseId, now);
    const model = modelLabels.of(ticket.input.modelId);
    metrics.queueWait.labels(model, ticket.input.priority).observe((now - ticket.enqueuedAt) / 1_000);
    metrics.placements.labels(model, 'granted').inc();
    ticket.grant = grant;
    ticket.renewBy = now + this.#limits.retryWithinMs;
    if (ticket.isWaiting) ticket.resolve(this.#collect(ticket, grant));
  }

  #collect(ticket: Ticket, grant: { leaseId: string; workerId: string }): AcquireOutput {
    this.#tickets.delete(ticket.input.ticketId);
    return { status: 'granted', ...grant };
  }

  #queuedOutput(ticket: Ticket): AcquireOutput {
    const queue = this.#queues.get(ticket.input.modelId) ?? [];
    return { status: 'queued', position: queue.indexOf(ticket) + 1 };
  }

  #reject(ticket: Ticket, error: AppError): void {
    this.#remove(ticket);
    ticket.reject(counted(ticket.input.modelId, error));
  }

  /** The caller is gone: its position, or its slot, goes to the next. */
  #expire(ticket: Ticket): void {
    this.#remove(ticket);
    metrics.placements.inc({ model: modelLabels.of(ticket.input.modelId), outcome: 'lapsed' });
    if (ticket.grant !== undefined)
      this.#leases.release(ticket.grant.workerId, ticket.grant.leaseId, false, this.#now());
  }

  #remove(ticket: Ticket): void {
    this.#tickets.delete(ticket.input.ticketId);
    const queue = this.#queues.get(ticket.input.modelId);
    const at = queue?.indexOf(ticket) ?? -1;
    if (at >= 0) queue?.splice(at, 1);
  }
}

function counted(modelId: string, error: AppError): AppError {
  metrics.placements.inc({ model: modelLabels.of(modelId), outcome: error.code });
  return error;
}
