import type { RequestAccounting, RequestContext } from '@xerotier/contracts/inference';
import type { Work } from './work.ts';

/** Encrypts the account of a request, so that a worker can return but not read it. */
export type SealAccount = (context: RequestContext) => string;

/** What a worker returns with its usage report, so that the ledger has the request even if this process is lost. */
export class Accounting {
  readonly #seal: SealAccount;
  readonly #requestTimeoutMs: number;

  constructor(seal: SealAccount, requestTimeoutMs: number) {
    this.#seal = seal;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** To be called once per request, when it starts. */
  of(context: RequestContext, { kind, streamed, count }: Pick<Work, 'kind' | 'streamed' | 'count'>): RequestAccounting {
    const startedAt = Date.now();
    const deadlineAt = startedAt + this.#requestTimeoutMs;
    return { account: this.#seal(context), kind, streamed, choices: count, startedAt, deadlineAt };
  }
}
