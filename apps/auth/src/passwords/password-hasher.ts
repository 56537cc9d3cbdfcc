import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { ParsedHashOptions } from '@node-rs/argon2';
import { AppError } from '@xerotier/errors';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { metrics } from '../metrics.ts';

/** The memory (KiB), passes and lanes of Argon2id. */
export type PasswordParameters = Pick<ParsedHashOptions, 'memoryCost' | 'timeCost' | 'parallelism'>;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

export interface PasswordHasherOptions {
  readonly parameters: PasswordParameters;
  /**
   * How many passwords are hashed at the same time, each on a thread of libuv. Default: half of the cores, one or two, since
   * whoever tries passwords must not take the cores of everybody else.
   */
  readonly concurrency?: number;
  /** How many may wait. Default 200. */
  readonly waitingMax?: number;
  /** How long one may wait: a caller waits for 15 s, and work for one that has left delays the others. Default 10 s. */
  readonly waitMsMax?: number;
}

/**
 * Hashes passwords with Argon2id, a few at a time, since each takes much memory and a whole core. Further ones wait in a bounded queue,
 * in the order of their arrival; beyond it, or after too long a wait, they are rejected with `account.overloaded`.
 */
export class PasswordHasher {
  readonly #parameters: PasswordParameters;
  readonly #waitingMax: number;
  readonly #waitMsMax: number;
  readonly #waiting: (() => void)[] = [];
  readonly #unknown: string;
  #free: number;

  constructor({
    parameters,
    concurrency = halfOfTheCores(),
    waitingMax = 200,
    waitMsMax = 10_000,
  }: PasswordHasherOptions) {
    this.#parameters = parameters;
    this.#free = concurrency;
    this.#waitingMax = waitingMax;
    this.#waitMsMax = waitMsMax;
    this.#unknown = unmatchableHash(parameters);
  }

  /** @throws {AppError} `account.overloaded`. */
  hash(password: string): Promise<string> {
    // Argon2id is the default algorithm.
    return this.#inTurn('hash', () => hash(normalized(password), this.#parameters));
  }

  /**
   * Whether the password has this hash. Without a hash it does the same work, and is never true: the duration must not reveal
   * whether an account exists.
   * @throws {AppError} `account.overloaded`.
   */
  async verify(stored: string | null, password: string): Promise<boolean> {
    const isMatch = await this.#inTurn('verify', () => verify(stored ?? this.#unknown, normalized(password)));
    return isMatch && stored !== null;
  }

  /** Whether the hash was made with other parameters than those of today. */
  isOutdated(stored: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(stored);
    const { memoryCost: memory, timeCost: time, parallelism: lanes } = this.#parameters;
    return memoryCost !== memory || timeCost !== time || parallelism !== lanes;
  }

  async #inTurn<T>(work: 'hash' | 'verify', run: () => Promise<T>): Promise<T> {
    const isInTime = await this.#turn();
    if (!isInTime) {
      metrics.passwordWork.inc({ work, outcome: 'rejected' });
      throw new AppError('account.overloaded', {}, { retryAfterSeconds: 5 });
    }
    try {
      return await run();
    } finally {
      metrics.passwordWork.inc({ work, outcome: 'done' });
      this.#endTurn();
    }
  }

  /** Whether it is the turn of the caller, who must end it; false when too many wait, or when it has waited for too long. */
  async #turn(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) return false;
    const since = performance.now();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (performance.now() - since <= this.#waitMsMax) return true;
    this.#endTurn();
    return false;
  }

  /** The turn is handed over to the next one: `#free` stays as it is. */
  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** NFKC, so that a password is the same on every keyboard (NIST SP 800-63B). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}

/** A hash with random bytes as its result, which no password has. */
function unmatchableHash({ memoryCost, timeCost, parallelism }: PasswordParameters): string {
  const [salt, result] = [SALT_BYTES, HASH_BYTES].map((bytes) =>
    randomBytes(bytes).toString('base64').replace(/=+$/, ''),
  );
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${result}`;
}

function halfOfTheCores(): number {
  return Math.min(2, Math.max(1, Math.floor(availableParallelism() / 2)));
}
