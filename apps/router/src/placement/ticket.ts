/**
 * A request's position in the queue.
 *
 *     queued ──> granted ──> collected by the caller
 *        │          └──> expired: not collected, the slot goes to the next
 *        └──> rejected: its deadline passed, or its caller stopped retrying
 */
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { AppError } from '@xerotier/errors';
import type { QueuedRequest } from './placement-policy.ts';

export interface Grant {
  readonly leaseId: string;
  readonly workerId: string;
}

export class Ticket implements QueuedRequest {
  readonly arrival: number;
  readonly enqueuedAt: number;
  readonly deadlineAt: number;
  input: AcquireInput;
  grant: Grant | undefined;
  /** The time until which the caller must retry. */
  renewBy: number;
  #waiter: { resolve: (output: AcquireOutput) => void; reject: (error: AppError) => void } | undefined;

  constructor(input: AcquireInput, arrival: number, now: number) {
    this.input = input;
    this.arrival = arrival;
    this.enqueuedAt = now;
    this.deadlineAt = now + input.deadlineMs;
    this.renewBy = now;
  }

  /** Whether a call of the caller is waiting. */
  get isWaiting(): boolean {
    return this.#waiter !== undefined;
  }

  /** Waits until `resolve` or `reject` is called. Only one call may wait at a time. */
  wait(): Promise<AcquireOutput> {
    return new Promise((resolve, reject) => (this.#waiter = { resolve, reject }));
  }

  resolve(output: AcquireOutput): void {
    this.#waiter?.resolve(output);
    this.#waiter = undefined;
  }

  reject(error: AppError): void {
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }
}
