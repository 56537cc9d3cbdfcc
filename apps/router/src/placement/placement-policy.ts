/**
 * The two decisions of placement: which request is next, and which worker gets it. Everything else (leases, queue
 * limits, deadlines) is mechanism and independent of the policy. A policy is pure: a fair scheduler would be another
 * implementation.
 */
import type { AcquireInput } from '@xerotier/contracts/router';
import type { WorkerView } from '../fleet/lease-table.ts';

export interface QueuedRequest {
  readonly input: AcquireInput;
  readonly enqueuedAt: number;
  /** Order of arrival, for ties. */
  readonly arrival: number;
}

export interface PlacementPolicy {
  /** Inserts a new request into the queue, which is served from its start; others may move. */
  enqueue<T extends QueuedRequest>(queue: T[], request: T): void;
  /** Whether a worker that has a free slot may give it to this request now. */
  admits(input: AcquireInput, worker: WorkerView): boolean;
  /** Returns one of the candidates (never empty), all of which have a free slot, and admit the request. */
  choose(input: AcquireInput, candidates: readonly WorkerView[]): WorkerView;
}
