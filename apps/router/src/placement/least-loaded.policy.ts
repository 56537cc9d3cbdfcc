import type { Priority, RequestedServiceTier } from '@xerotier/contracts/inference';
import type { AcquireInput } from '@xerotier/contracts/router';
import type { WorkerView } from '../fleet/slot-ledger.ts';
import type { PlacementPolicy, QueuedRequest } from './placement-policy.ts';

const RANK: Record<Priority, number> = { interactive: 0, batch: 1, background: 2 };

const REQUESTED_RANK: Record<RequestedServiceTier, number> = { priority: 0, default: 1, flex: 2 };

/**
 * First come, first served within each priority class; to the worker with the smallest share of its slots taken. What a
 * request asks for by `service_tier` has its project's own requests trade their turns, and nobody else's: a tenant that
 * always asks for priority gains nothing over the others.
 */
export class LeastLoadedPolicy implements PlacementPolicy {
  enqueue<T extends QueuedRequest>(queue: T[], request: T): void {
    let place = queue.findLastIndex(({ input }) => RANK[input.priority] <= RANK[request.input.priority]) + 1;
    queue.splice(place, 0, request);
    for (let at = place - 1; at >= 0; at -= 1) {
      const other = queue[at] as T;
      if (!takesTurnsWith(other, request)) continue;
      if (requestedRank(other) <= requestedRank(request)) break;
      queue[at] = request;
      queue[place] = other;
      place = at;
    }
  }

  /**
   * A worker whose engine fails part of its generations comes after all that do not: it is free because it fails fast, and
   * would attract every request otherwise.
   */
  choose(_input: AcquireInput, candidates: readonly WorkerView[]): WorkerView {
    return candidates.reduce((best, next) => (compare(next, best) < 0 ? next : best));
  }
}

/** From here on failures are the worker's own, and not those of a few odd requests. */
const FAILURE_RATE_TOLERATED = 0.2;

function compare(a: WorkerView, b: WorkerView): number {
  const byFailures = Number(a.failureRate > FAILURE_RATE_TOLERATED) - Number(b.failureRate > FAILURE_RATE_TOLERATED);
  if (byFailures !== 0) return byFailures;
  if (load(a) !== load(b)) return load(a) - load(b);
  // The id decides between equals, so that every replica of the router decides alike.
  return a.workerId < b.workerId ? -1 : 1;
}

function takesTurnsWith({ input: a }: QueuedRequest, { input: b }: QueuedRequest): boolean {
  return a.projectId === b.projectId && a.tier === b.tier && a.priority === b.priority;
}

function requestedRank({ input }: QueuedRequest): number {
  return REQUESTED_RANK[input.requestedServiceTier ?? 'default'];
}

function load({ used, slots }: WorkerView): number {
  return used / slots;
}
