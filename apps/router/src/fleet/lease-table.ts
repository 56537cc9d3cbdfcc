/**
 * The slots of all workers and the leases on them: the router's view of the fleet, in memory and without a clock of its
 * own.
 *
 * A lease is granted here and used on the worker; a worker's heartbeat lists what really runs. The two are reconciled
 * so that no slot leaks when a process dies: a lease that its worker never reported is dropped after a timeout, one
 * that the worker no longer reports has ended, and work that this router did not grant (another replica's, or taken
 * from the shared subject) occupies its slot too.
 */
import type { WorkerState } from '@xerotier/contracts/xim';

export interface LeaseTimeouts {
  /** A worker without a heartbeat for this long is removed. Default 3,000 (heartbeats are sent every second). */
  readonly heartbeatTimeoutMs: number;
  /** A lease that its worker does not report within this time was never used. Default 5,000. */
  readonly unusedLeaseMs: number;
  /** How long a released lease is remembered, so that an older heartbeat does not restore it. Default 5,000. */
  readonly releasedRetentionMs: number;
}

export const leaseTimeoutsDefaults: LeaseTimeouts = {
  heartbeatTimeoutMs: 3_000,
  unusedLeaseMs: 5_000,
  releasedRetentionMs: 5_000,
};

interface Lease {
  readonly grantedAt: number;
  seenActive: boolean;
}

interface Worker {
  state: WorkerState;
  lastHeartbeatAt: number;
  /** It rejected or lost a request: it gets no leases until its next heartbeat. */
  suspect: boolean;
  readonly leases: Map<string, Lease>;
  readonly foreign: Set<string>;
  readonly released: Map<string, number>;
}

/** A worker as placement sees it. */
export interface WorkerView {
  readonly workerId: string;
  readonly modelId: string;
  readonly slots: number;
  readonly used: number;
  /** Share of its latest generations that its engine failed; 0 to 1. */
  readonly failureRate: number;
}

/** A worker as counted by metrics. */
export interface CountedWorker extends Pick<WorkerView, 'modelId' | 'slots' | 'used'> {
  readonly state: 'available' | 'draining' | 'engine_unavailable' | 'suspect';
}

export class LeaseTable {
  readonly #timeouts: LeaseTimeouts;
  readonly #workers = new Map<string, Worker>();

  constructor(timeouts: Partial<LeaseTimeouts> = {}) {
    this.#timeouts = { ...leaseTimeoutsDefaults, ...timeouts };
  }

  recordHeartbeat(state: WorkerState, now: number): void {
    const known = this.#workers.get(state.workerId);
    // A restart under the same id: the leases of the old process are gone.
    const worker = known !== undefined && known.state.startedAt === state.startedAt ? known : newWorker(state);
    worker.state = state;
    worker.lastHeartbeatAt = now;
    worker.suspect = false;
    this.#reconcile(worker, new Set(state.active), now);
    this.#workers.set(state.workerId, worker);
  }

  removeWorker(workerId: string): void {
    this.#workers.delete(workerId);
  }

  grant(workerId: string, leaseId: string, now: number): void {
    this.#workers.get(workerId)?.leases.set(leaseId, { grantedAt: now, seenActive: false });
  }

  /** @param suspect the worker rejected or lost the request: it gets no leases until its next heartbeat. */
  release(workerId: string, leaseId: string, suspect: boolean, now: number): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.leases.delete(leaseId);
    worker.foreign.delete(leaseId);
    worker.released.set(leaseId, now);
    if (suspect) worker.suspect = true;
  }

  /** Removes workers whose heartbeat timed out. Returns their last states. */
  expire(now: number): WorkerState[] {
    const gone = [...this.#workers.values()].filter(
      (worker) => now - worker.lastHeartbeatAt > this.#timeouts.heartbeatTimeoutMs,
    );
    for (const { state } of gone) this.#workers.delete(state.workerId);
    return gone.map(({ state }) => state);
  }

  /** Returns workers of a model with a free slot. */
  free(modelId: string): WorkerView[] {
    return [...this.#workers.values()]
      .filter(({ state, suspect }) => state.modelId === modelId && takesWork(state) && !suspect)
      .map(view)
      .filter(({ used, slots }) => used < slots);
  }

  /** Whether a worker of the model accepts work, busy or not, other than the excluded ones. */
  serves(modelId: string, excluded: readonly string[] = []): boolean {
    return [...this.#workers.values()].some(
      ({ state }) => state.modelId === modelId && takesWork(state) && !excluded.includes(state.workerId),
    );
  }

  /** Whether the model has a worker that would accept work if its engine were available. */
  awaitsEngine(modelId: string): boolean {
    return [...this.#workers.values()].some(
      ({ state }) => state.modelId === modelId && !state.draining && !isAvailable(state),
    );
  }

  /** Returns the latest heartbeat of a worker. */
  stateOf(workerId: string): WorkerState | undefined {
    return this.#workers.get(workerId)?.state;
  }

  workers(): WorkerView[] {
    return [...this.#workers.values()].map(view);
  }

  census(): CountedWorker[] {
    return [...this.#workers.values()].map((worker) => {
      const { modelId, slots, used } = view(worker);
      return { modelId, slots, used, state: countedState(worker) };
    });
  }

  #reconcile(worker: Worker, active: Set<string>, now: number): void {
    for (const [id, releasedAt] of worker.released) {
      if (now - releasedAt > this.#timeouts.releasedRetentionMs) worker.released.delete(id);
    }
    for (const [id, lease] of worker.leases) {
      if (active.has(id)) lease.seenActive = true;
      else if (lease.seenActive || now - lease.grantedAt > this.#timeouts.unusedLeaseMs) worker.leases.delete(id);
    }
    worker.foreign.clear();
    for (const id of active) {
      if (!worker.leases.has(id) && !worker.released.has(id)) worker.foreign.add(id);
    }
  }
}

function newWorker(state: WorkerState): Worker {
  return { state, lastHeartbeatAt: 0, suspect: false, leases: new Map(), foreign: new Set(), released: new Map() };
}

/** Workers of an earlier version do not report it: they leave the fleet when their engine fails. */
export function isAvailable({ available = true }: WorkerState): boolean {
  return available;
}

function takesWork(state: WorkerState): boolean {
  return !state.draining && isAvailable(state);
}

function countedState({ state, suspect }: Worker): CountedWorker['state'] {
  if (state.draining) return 'draining';
  if (!isAvailable(state)) return 'engine_unavailable';
  return suspect ? 'suspect' : 'available';
}

function view({ state, leases, foreign }: Worker): WorkerView {
  return {
    workerId: state.workerId,
    modelId: state.modelId,
    slots: state.slots,
    used: leases.size + foreign.size,
    failureRate: state.failureRate ?? 0,
  };
}
