import type { Priority, RequestedServiceTier } from '@xerotier/contracts/inference';
import type { AcquireInput } from '@xerotier/contracts/router';
import { rendezvousWeight } from '@xerotier/scheduler';
import type { WorkerView } from '../fleet/lease-table.ts';
import type { PlacementPolicy, QueuedRequest } from './placement-policy.ts';

const RANK: Record<Priority, number> = { interactive: 0, batch: 1, background: 2 };

const REQUESTED_RANK: Record<RequestedServiceTier, number> = { priority: 0, default: 1, flex: 2 };

/**
 * First come, first served within each priority class; to the worker with the smallest share of slots in use.
 * Batches leave some slots of each worker free.
 * `service_tier` reorders only the requests of one project: a tenant that always requests priority gains nothing over
 * others.
 */
export class LeastLoadedPolicy implements PlacementPolicy {
  enqueue<T extends QueuedRequest>(queue: T[], request: T): void {
    let position = queue.findLastIndex(({ input }) => RANK[input.priority] <= RANK[request.input.priority]) + 1;
    queue.splice(position, 0, request);
    for (let at = position - 1; at >= 0; at -= 1) {
      const other = queue[at] as T;
      if (!isReorderedWith(other, request)) continue;
      if (requestedRank(other) <= requestedRank(request)) break;
      queue[at] = request;
      queue[position] = other;
      position = at;
    }
  }

  /**
   * Work that nobody waits for leaves a tenth of the slots free, at least one: an interactive request finds one at once, instead of
   * waiting until a line of a batch ends. A worker with a single slot serves both.
   */
  admits({ priority }: AcquireInput, { used, slots }: WorkerView): boolean {
    return priority === 'interactive' || used < slots - reservedSlots(slots);
  }

  /**
   * Workers with a failing engine come after all others: they are idle because they fail fast, and would attract every
   * request otherwise. Requests with the same affinity key go to the same worker, or while that one is busy, to the same second one:
   * a prompt that is in its cache saves more than an idle engine.
   */
  choose({ affinityKey }: AcquireInput, candidates: readonly WorkerView[]): WorkerView {
    const isBetter =
      affinityKey === undefined
        ? (next: WorkerView, best: WorkerView) => compareLoads(next, best) < 0
        : (next: WorkerView, best: WorkerView) =>
            rendezvousWeight(affinityKey, next.workerId) > rendezvousWeight(affinityKey, best.workerId);
    return candidates.reduce((best, next) => {
      const byFailures = compareFailures(next, best);
      return byFailures < 0 || (byFailures === 0 && isBetter(next, best)) ? next : best;
    });
  }
}

const RESERVED_SHARE = 0.1;

function reservedSlots(slots: number): number {
  return slots === 1 ? 0 : Math.ceil(slots * RESERVED_SHARE);
}

/** Above this rate the worker is at fault, not a few unusual requests. */
const FAILURE_RATE_TOLERATED = 0.2;

function compareFailures(a: WorkerView, b: WorkerView): number {
  return Number(a.failureRate > FAILURE_RATE_TOLERATED) - Number(b.failureRate > FAILURE_RATE_TOLERATED);
}

function compareLoads(a: WorkerView, b: WorkerView): number {
  if (load(a) !== load(b)) return load(a) - load(b);
  // Ties are broken by id, so that all replicas of the router decide alike.
  return a.workerId < b.workerId ? -1 : 1;
}

function isReorderedWith({ input: a }: QueuedRequest, { input: b }: QueuedRequest): boolean {
  return a.projectId === b.projectId && a.tier === b.tier && a.priority === b.priority;
}

function requestedRank({ input }: QueuedRequest): number {
  return REQUESTED_RANK[input.requestedServiceTier ?? 'default'];
}

function load({ used, slots }: WorkerView): number {
  return used / slots;
}
