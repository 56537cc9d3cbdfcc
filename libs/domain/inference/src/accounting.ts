import { requestContextOf } from '@xerotier/contracts/inference';
import type { AccountingContext, RequestContext } from '@xerotier/contracts/inference';
import type { Work } from './work.ts';

/** Encrypts a context for its request, so that a worker can return but not read it. */
export type SealAccounting = (context: AccountingContext) => string;

/** What a worker returns with its usage report, so that the ledger has the request even if this process is lost. */
export class Accounting {
  readonly #seal: SealAccounting;
  readonly #requestTimeoutMs: number;

  constructor(seal: SealAccounting, requestTimeoutMs: number) {
    this.#seal = seal;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** To be called once per request, when it starts. */
  seal(context: RequestContext, { kind, streamed, count }: Pick<Work, 'kind' | 'streamed' | 'count'>): string {
    const startedAt = Date.now();
    const deadlineAt = startedAt + this.#requestTimeoutMs;
    return this.#seal({ ...requestContextOf(context), kind, streamed, choices: count, startedAt, deadlineAt });
  }
}
