/**
 * Which slots of which workers are taken: the router's memory of the fleet, pure and without a clock of its own.
 *
 * A lease is granted here and lives on the worker; a worker's heartbeat lists what really runs. The two are brought
 * together so that nothing leaks whoever dies: a lease that its worker never showed is dropped after a while, one that
 * the worker showed and shows no longer is over, and work that this router did not grant (another replica's, or taken
 * from the shared subject) still takes its slot.
 */
import type { WorkerState } from '@xerotier/contracts/xim';

export interface LedgerTimes {
  /** A worker that was not heard for so long is gone. Default 3,000 (heartbeats come every second). */
  readonly workerSilenceMs: number;
  /** A lease that its worker does not show after so long was never used. Default 5,000. */
  readonly unusedLeaseMs: number;
  /** How long a released lease is remembered, so that an older heartbeat does not bring it back. Default 5,000. */
  readonly releasedMemoryMs: number;
}

export const ledgerTimesDefaults: LedgerTimes = {
  workerSilenceMs: 3_000,
  unusedLeaseMs: 5_000,
  releasedMemoryMs: 5_000,
};

interface Lease {
  readonly grantedAt: number;
  seenActive: boolean;
}

interface Worker {
  state: WorkerState;
  heardAt: number;
  /** Refused or went silent on somebody: nothing is granted on it until it is heard again. */
  suspect: boolean;
  readonly leases: Map<string, Lease>;
  readonly foreign: Set<string>;
  readonly released: Map<string, number>;
}

/** What placement sees of a worker. */
export interface WorkerView {
  readonly workerId: string;
  readonly modelId: string;
  readonly slots: number;
  readonly used: number;
  /** Share of its latest generations that its engine failed; 0 to 1. */
  readonly failureRate: number;
}

export class SlotLedger {
  readonly #times: LedgerTimes;
  readonly #workers = new Map<string, Worker>();

  constructor(times: Partial<LedgerTimes> = {}) {
    this.#times = { ...ledgerTimesDefaults, ...times };
  }

  heard(state: WorkerState, now: number): void {
    const known = this.#workers.get(state.workerId);
    // A new start under an old id: what the old process had is gone.
    const worker = known !== undefined && known.state.startedAt === state.startedAt ? known : newWorker(state);
    worker.state = state;
    worker.heardAt = now;
    worker.suspect = false;
    this.#reconcile(worker, new Set(state.active), now);
    this.#workers.set(state.workerId, worker);
  }

  left(workerId: string): void {
    this.#workers.delete(workerId);
  }

  grant(workerId: string, leaseId: string, now: number): void {
    this.#workers.get(workerId)?.leases.set(leaseId, { grantedAt: now, seenActive: false });
  }

  /** @param suspect the worker refused the lease or went silent: it gets nothing until its next heartbeat. */
  release(workerId: string, leaseId: string, suspect: boolean, now: number): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.leases.delete(leaseId);
    worker.foreign.delete(leaseId);
    worker.released.set(leaseId, now);
    if (suspect) worker.suspect = true;
  }

  /** Drops workers that went silent. Returns their ids. */
  expire(now: number): string[] {
    const gone = [...this.#workers.values()].filter((worker) => now - worker.heardAt > this.#times.workerSilenceMs);
    for (const { state } of gone) this.#workers.delete(state.workerId);
    return gone.map(({ state }) => state.workerId);
  }

  /** Workers of a model that may take one more generation now. */
  free(modelId: string): WorkerView[] {
    return [...this.#workers.values()]
      .filter(({ state, suspect }) => state.modelId === modelId && takesWork(state) && !suspect)
      .map(view)
      .filter(({ used, slots }) => used < slots);
  }

  /** Whether a worker of the model takes work, busy or not, other than the given ones. */
  serves(modelId: string, except: readonly string[] = []): boolean {
    return [...this.#workers.values()].some(
      ({ state }) => state.modelId === modelId && takesWork(state) && !except.includes(state.workerId),
    );
  }

  /** Whether the model has a worker that would take work if its engine were available. */
  awaitsEngine(modelId: string): boolean {
    return [...this.#workers.values()].some(
      ({ state }) => state.modelId === modelId && !state.draining && !isAvailable(state),
    );
  }

  /** The last that the worker said of itself. */
  stateOf(workerId: string): WorkerState | undefined {
    return this.#workers.get(workerId)?.state;
  }

  workers(): WorkerView[] {
    return [...this.#workers.values()].map(view);
  }

  #reconcile(worker: Worker, active: Set<string>, now: number): void {
    for (const [id, releasedAt] of worker.released) {
      if (now - releasedAt > this.#times.releasedMemoryMs) worker.released.delete(id);
    }
    for (const [id, lease] of worker.leases) {
      if (active.has(id)) lease.seenActive = true;
      else if (lease.seenActive || now - lease.grantedAt > this.#times.unusedLeaseMs) worker.leases.delete(id);
    }
    worker.foreign.clear();
    for (const id of active) {
      if (!worker.leases.has(id) && !worker.released.has(id)) worker.foreign.add(id);
    }
  }
}

function newWorker(state: WorkerState): Worker {
  return { state, heardAt: 0, suspect: false, leases: new Map(), foreign: new Set(), released: new Map() };
}

/** Workers of an earlier version do not say it: they leave the fleet when their engine fails. */
export function isAvailable({ available = true }: WorkerState): boolean {
  return available;
}

function takesWork(state: WorkerState): boolean {
  return !state.draining && isAvailable(state);
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
