import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { ParsedHashOptions } from '@node-rs/argon2';
import { AppError } from '@xerotier/errors';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { metrics } from '../metrics.ts';

export type PasswordParameters = Pick<ParsedHashOptions, 'memoryCost' | 'timeCost' | 'parallelism'>;

/** Recommended by the OWASP Password Storage Cheat Sheet for Argon2id: 19 MiB, two passes. */
const PARAMETERS: PasswordParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

export interface PasswordHasherOptions {
  /** Default: those that OWASP recommends. */
  readonly parameters?: PasswordParameters;
  /**
   * How many passwords are hashed at the same time, each on a thread of libuv. Default: half of the cores, one or two, since
   * whoever tries passwords must not take the cores of everybody else.
   */
  readonly concurrency?: number;
  /** How many may wait. Default 200, which is ten seconds of work. */
  readonly waitingMax?: number;
}

/**
 * Hashes passwords with Argon2id, a few at a time, since each takes 19 MiB and a whole core. Further ones wait in a bounded queue, in
 * the order of their arrival; beyond it they are rejected with `account.overloaded`.
 */
export class PasswordHasher {
  readonly #parameters: PasswordParameters;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  readonly #unknown: string;
  #free: number;

  constructor({
    parameters = PARAMETERS,
    concurrency = halfOfTheCores(),
    waitingMax = 200,
  }: PasswordHasherOptions = {}) {
    this.#parameters = parameters;
    this.#free = concurrency;
    this.#waitingMax = waitingMax;
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
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.#waiting.length >= this.#waitingMax) {
        metrics.passwordWork.inc({ work, outcome: 'rejected' });
        throw new AppError('account.overloaded', {}, { retryAfterSeconds: 5 });
      }
      // The turn of the one that ends is handed over: `#free` stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await run();
    } finally {
      metrics.passwordWork.inc({ work, outcome: 'done' });
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
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
