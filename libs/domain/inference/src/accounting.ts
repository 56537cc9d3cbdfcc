import type { RequestContext, RequestFacts } from '@xerotier/contracts/inference';
import { requestTimeoutOf } from './request-timeouts.ts';
import type { TimedContext } from './request-timeouts.ts';
import type { Work } from './work.ts';

/** Returns what a worker returns with its report of a request, with the account encrypted. */
export type SealAccounting = (context: RequestContext, facts: RequestFacts) => string;

/** What a worker returns with its usage report, so that the ledger has the request even if this process is lost. */
export class Accounting {
  readonly #seal: SealAccounting;
  readonly #requestTimeoutMs: number;

  /** @param requestTimeoutMs of requests whose tier has no lower one. */
  constructor(seal: SealAccounting, requestTimeoutMs: number) {
    this.#seal = seal;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** To be called once per request, when it starts. */
  of(context: TimedContext, { kind, streamed, count }: Pick<Work, 'kind' | 'streamed' | 'count'>): string {
    const startedAt = Date.now();
    const deadlineAt = startedAt + requestTimeoutOf(context, this.#requestTimeoutMs);
    const { priority } = context;
    return this.#seal(context, { priority, kind, streamed, choices: count, startedAt, deadlineAt });
  }
}
