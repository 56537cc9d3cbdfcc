/**
 * The two decisions of placement: who is next, and where it goes. Everything else (leases, queue bounds, deadlines) is
 * mechanism and stays the same whatever the policy. A policy is pure: the fair scheduler will be another one of these.
 */
import type { AcquireInput } from '@xerotier/contracts/router';
import type { WorkerView } from '../fleet/slot-ledger.ts';

export interface QueuedRequest {
  readonly input: AcquireInput;
  readonly enqueuedAt: number;
  /** Order of arrival, for ties. */
  readonly arrival: number;
}

export interface PlacementPolicy {
  /** Puts a request that has just come into the queue, which is served from its beginning; others may move for it. */
  enqueue<T extends QueuedRequest>(queue: T[], request: T): void;
  /** One of the candidates (never empty), all of which have a free slot. */
  choose(input: AcquireInput, candidates: readonly WorkerView[]): WorkerView;
}
