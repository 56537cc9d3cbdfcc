/**
 * Answers "may this generation run, and where?". A request that cannot run now waits in its model's queue; its caller
 * asks again every few seconds, so that neither a dead caller nor a dead router can hold anything for long.
 */
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { randomBytes } from 'node:crypto';
import { isAvailable } from '../fleet/slot-ledger.ts';
import type { SlotLedger, WorkerView } from '../fleet/slot-ledger.ts';
import type { PlacementPolicy } from './placement-policy.ts';
import { Ticket } from './ticket.ts';

export interface PlacementLimits {
  /** Requests that may wait for one model. Default 1,000. */
  readonly queueLengthMax: number;
  /** A queued caller that did not ask again for so long is gone. Default 2,000. */
  readonly askAgainMs: number;
  /** A model whose last worker left may wait so long for the next one. Default 15,000. */
  readonly workerAbsenceMs: number;
}

export const placementLimitsDefaults: PlacementLimits = {
  queueLengthMax: 1_000,
  askAgainMs: 2_000,
  workerAbsenceMs: 15_000,
};

export type Clock = () => number;

export class PlacementService {
  readonly #ledger: SlotLedger;
  readonly #policy: PlacementPolicy;
  readonly #limits: PlacementLimits;
  readonly #log: Logger;
  readonly #now: Clock;
  readonly #tickets = new Map<string, Ticket>();
  readonly #queues = new Map<string, Ticket[]>();
  readonly #lastServedAt = new Map<string, number>();
  #arrivals = 0;

  constructor(
    ledger: SlotLedger,
    policy: PlacementPolicy,
    log: Logger,
    limits: Partial<PlacementLimits> = {},
    now: Clock = () => performance.now(),
  ) {
    this.#ledger = ledger;
    this.#policy = policy;
    this.#log = log;
    this.#limits = { ...placementLimitsDefaults, ...limits };
    this.#now = now;
  }

  get queued(): number {
    return this.#tickets.size;
  }

  /**
   * A lease on a worker, now or within `waitMs`; else the place in the queue. Asking again with the same ticket is the
   * same request.
   * @throws {AppError} `router.no_worker`, `router.queue_full`, `router.queue_timeout`; `inference.engine_unavailable` when the
   * model has workers, and the engines of all of them are away.
   */
  async acquire(input: AcquireInput): Promise<AcquireOutput> {
    const now = this.#now();
    const known = this.#tickets.get(input.ticketId);
    if (known?.grant !== undefined) return this.#collect(known, known.grant);
    const ticket = known ?? this.#enqueue(input, now);
    if (known === undefined) this.#serveQueue(input.modelId);
    if (ticket.grant !== undefined) return this.#collect(ticket, ticket.grant);
    ticket.renewBy = now + input.waitMs + this.#limits.askAgainMs;
    if (input.waitMs === 0) return this.#queuedOutput(ticket);
    return this.#holdOpen(ticket, input.waitMs);
  }

  release(workerId: string, leaseId: string, suspect: boolean): void {
    this.#ledger.release(workerId, leaseId, suspect, this.#now());
    this.#serveQueues();
  }

  heard(state: WorkerState): void {
    const now = this.#now();
    this.#logAvailability(state, this.#ledger.stateOf(state.workerId));
    this.#ledger.heard(state, now);
    if (!state.draining && isAvailable(state)) this.#lastServedAt.set(state.modelId, now);
    this.#serveQueue(state.modelId);
  }

  #logAvailability(state: WorkerState, before: WorkerState | undefined): void {
    const { workerId, modelId, unavailableReason: reason } = state;
    const was = before === undefined || isAvailable(before);
    if (was && !isAvailable(state)) this.#log.warn('worker engine unavailable', { workerId, modelId, reason });
    if (!was && isAvailable(state)) this.#log.info('worker engine available again', { workerId, modelId });
  }

  left(workerId: string): void {
    this.#ledger.left(workerId);
  }

  /** Looks at what only time changes: silent workers, passed deadlines, callers that are gone. Call it a few times a second. */
  sweep(): void {
    const now = this.#now();
    for (const workerId of this.#ledger.expire(now)) this.#log.warn('a worker went silent', { workerId });
    for (const ticket of [...this.#tickets.values()]) this.#sweepTicket(ticket, now);
    this.#serveQueues();
  }

  /** Ends every question that is open: their callers ask again, elsewhere. */
  dismissAll(): void {
    for (const ticket of [...this.#tickets.values()]) {
      if (ticket.held) ticket.resolve(this.#queuedOutput(ticket));
    }
  }

  #sweepTicket(ticket: Ticket, now: number): void {
    const { modelId } = ticket.input;
    if (ticket.held || ticket.grant === undefined) {
      if (now >= ticket.deadlineAt)
        return this.#reject(ticket, new AppError('router.queue_timeout', { model: modelId }));
      if (!this.#mayWait(modelId, now)) return this.#reject(ticket, this.#nobodyServes(modelId));
    }
    if (!ticket.held && now >= ticket.renewBy) this.#lapse(ticket);
  }

  #enqueue(input: AcquireInput, now: number): Ticket {
    if (!this.#mayWait(input.modelId, now)) throw this.#nobodyServes(input.modelId);
    const queue = this.#queues.get(input.modelId) ?? [];
    if (queue.length >= this.#limits.queueLengthMax)
      throw new AppError('router.queue_full', { model: input.modelId }, { retryAfterSeconds: 5 });
    const ticket = new Ticket(input, this.#arrivals++, now);
    this.#policy.enqueue(queue, ticket);
    this.#queues.set(input.modelId, queue);
    this.#tickets.set(input.ticketId, ticket);
    return ticket;
  }

  /** A model that nobody serves may be waited for while its worker is likely to come back. */
  #mayWait(modelId: string, now: number): boolean {
    if (this.#ledger.serves(modelId)) return true;
    const lastServedAt = this.#lastServedAt.get(modelId);
    return lastServedAt !== undefined && now - lastServedAt < this.#limits.workerAbsenceMs;
  }

  #nobodyServes(modelId: string): AppError {
    const options = { retryAfterSeconds: 5 };
    return this.#ledger.awaitsEngine(modelId)
      ? new AppError('inference.engine_unavailable', {}, options)
      : new AppError('router.no_worker', { model: modelId }, options);
  }

  async #holdOpen(ticket: Ticket, waitMs: number): Promise<AcquireOutput> {
    // A question that is open already is let go: its caller asks anew.
    ticket.resolve(this.#queuedOutput(ticket));
    const timer = setTimeout(() => ticket.resolve(this.#queuedOutput(ticket)), waitMs);
    try {
      return await ticket.hold();
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
    let free = this.#ledger.free(modelId);
    for (let at = 0; at < queue.length && free.length > 0;) {
      const ticket = queue[at] as Ticket;
      const candidates = this.#candidates(ticket.input, free);
      if (candidates.length === 0) {
        at += 1;
        continue;
      }
      queue.splice(at, 1);
      this.#grant(ticket, this.#policy.choose(ticket.input, candidates).workerId);
      free = this.#ledger.free(modelId);
    }
    if (queue.length === 0) this.#queues.delete(modelId);
  }

  /** Workers that failed a request are asked again only when there is no other that could serve it. */
  #candidates({ modelId, excludedWorkers }: AcquireInput, free: WorkerView[]): WorkerView[] {
    if (excludedWorkers.length === 0 || !this.#ledger.serves(modelId, excludedWorkers)) return free;
    return free.filter(({ workerId }) => !excludedWorkers.includes(workerId));
  }

  #grant(ticket: Ticket, workerId: string): void {
    const now = this.#now();
    const grant = { leaseId: `lease_${randomBytes(12).toString('hex')}`, workerId };
    this.#ledger.grant(workerId, grant.leaseId, now);
    ticket.grant = grant;
    ticket.renewBy = now + this.#limits.askAgainMs;
    if (ticket.held) ticket.resolve(this.#collect(ticket, grant));
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
    ticket.reject(error);
  }

  /** The caller is gone: its place, or its slot, goes to the next. */
  #lapse(ticket: Ticket): void {
    this.#remove(ticket);
    if (ticket.grant !== undefined)
      this.#ledger.release(ticket.grant.workerId, ticket.grant.leaseId, false, this.#now());
  }

  #remove(ticket: Ticket): void {
    this.#tickets.delete(ticket.input.ticketId);
    const queue = this.#queues.get(ticket.input.modelId);
    const at = queue?.indexOf(ticket) ?? -1;
    if (at >= 0) queue?.splice(at, 1);
  }
}
