import type { AcquireInput, Priority } from '@xerotier/contracts';
import type { WorkerView } from '../fleet/slot-ledger.ts';
import type { PlacementPolicy, QueuedRequest } from './placement-policy.ts';

const RANK: Record<Priority, number> = { interactive: 0, batch: 1, background: 2 };

/** First come, first served within each priority class; to the worker with the smallest share of its slots taken. */
export class LeastLoadedPolicy implements PlacementPolicy {
  compare(a: QueuedRequest, b: QueuedRequest): number {
    return RANK[a.input.priority] - RANK[b.input.priority] || a.arrival - b.arrival;
  }

  choose(_input: AcquireInput, candidates: readonly WorkerView[]): WorkerView {
    // The id decides between equals, so that every replica of the router decides alike.
    return candidates.reduce((best, next) =>
      load(next) < load(best) || (load(next) === load(best) && next.workerId < best.workerId) ? next : best,
    );
  }
}

function load({ used, slots }: WorkerView): number {
  return used / slots;
}
