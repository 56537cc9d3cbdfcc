/**
 * One request's place in the queue.
 *
 *     waiting ──> granted ──> (collected by the caller, gone)
 *        │           └──> lapsed: nobody collected it, the slot goes to the next
 *        └──> refused: its deadline passed, or its caller stopped asking
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
  /** Until when the caller must have asked again. */
  renewBy: number;
  #held: { resolve: (output: AcquireOutput) => void; reject: (error: AppError) => void } | undefined;

  constructor(input: AcquireInput, arrival: number, now: number) {
    this.input = input;
    this.arrival = arrival;
    this.enqueuedAt = now;
    this.deadlineAt = now + input.deadlineMs;
    this.renewBy = now;
  }

  /** Is a question of the caller open right now? */
  get held(): boolean {
    return this.#held !== undefined;
  }

  /** Holds the caller's question open until `answer` or `refuse`. None may be open already. */
  hold(): Promise<AcquireOutput> {
    return new Promise((resolve, reject) => (this.#held = { resolve, reject }));
  }

  resolve(output: AcquireOutput): void {
    this.#held?.resolve(output);
    this.#held = undefined;
  }

  reject(error: AppError): void {
    this.#held?.reject(error);
    this.#held = undefined;
  }
}
