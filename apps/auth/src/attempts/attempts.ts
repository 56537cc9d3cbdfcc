import { Injectable, Inject } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { AuthConfig } from '../config.ts';
import { networkOf } from './network.ts';

const SIGN_IN_WINDOW_SECONDS = 15 * 60;
const REGISTRATION_WINDOW_SECONDS = 60 * 60;
const MAIL_WINDOW_SECONDS = 60 * 60;
/** After this no limit counts an attempt. */
export const ATTEMPT_RETENTION_SECONDS = Math.max(
  SIGN_IN_WINDOW_SECONDS,
  REGISTRATION_WINDOW_SECONDS,
  MAIL_WINDOW_SECONDS,
);

const GUESSES: ReadonlySet<string> = new Set(['account.invalid_credentials', 'account.invalid_code']);

interface Limit {
  readonly kind: 'sign_in' | 'registration' | 'mail';
  readonly column: 'email_hash' | 'network';
  readonly value: Buffer | string;
  readonly max: number;
  readonly windowSeconds: number;
}

/**
 * Limits attempts to sign in and to register, and requests that send mail, in a sliding window, exactly for all replicas. An attempt is recorded before its
 * password is verified, so that concurrent ones count, and forgotten when it succeeds. A rejected one is not recorded: repeating it
 * does not extend the wait. Attempts of others count too: whoever goes on trying can keep an account from signing in.
 */
@Injectable()
export class Attempts {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'accounts'>,
  ) {}

  /**
   * Records an attempt to sign in. @param email in lower case.
   * @returns its id, for `forget`. @throws {AppError} `account.too_many_attempts`, `db.unavailable`.
   */
  signIn(email: string, clientAddress: string): Promise<string> {
    const { signInFailuresPerAccount, signInFailuresPerAddress } = this.config.accounts;
    const emailHash = createHash('sha256').update(email).digest();
    const common = { kind: 'sign_in', windowSeconds: SIGN_IN_WINDOW_SECONDS } as const;
    return this.record(emailHash, networkOf(clientAddress), [
      { ...common, column: 'email_hash', value: emailHash, max: signInFailuresPerAccount },
      { ...common, column: 'network', value: networkOf(clientAddress), max: signInFailuresPerAddress },
    ]);
  }

  /** Records an attempt to register. @throws {AppError} `account.too_many_attempts`, `db.unavailable`. */
  async register(clientAddress: string): Promise<void> {
    const network = networkOf(clientAddress);
    const { registrationsPerAddress: max } = this.config.accounts;
    const common = { kind: 'registration', windowSeconds: REGISTRATION_WINDOW_SECONDS } as const;
    await this.record(null, network, [{ ...common, column: 'network', value: network, max }]);
  }

  /**
   * Records a request that sends mail, whether or not the address has an account.
   * @param email of the recipient, in lower case. @throws {AppError} `account.too_many_attempts`, `db.unavailable`.
   */
  async mail(email: string, clientAddress: string): Promise<void> {
    const { mailsPerRecipient, mailsPerAddress } = this.config.accounts;
    const emailHash = createHash('sha256').update(email).digest();
    const network = networkOf(clientAddress);
    const common = { kind: 'mail', windowSeconds: MAIL_WINDOW_SECONDS } as const;
    await this.record(emailHash, network, [
      { ...common, column: 'email_hash', value: emailHash, max: mailsPerRecipient },
      { ...common, column: 'network', value: network, max: mailsPerAddress },
    ]);
  }

  /**
   * Runs work that verifies a password or a code. It counts as a failed sign-in if it throws `account.invalid_credentials` or
   * `account.invalid_code`; after any other error nothing was learned about either.
   * @param email in lower case. @throws {AppError} `account.too_many_attempts`, `db.unavailable`; what the work throws.
   */
  async countFailure<T>(email: string, clientAddress: string, work: () => Promise<T>): Promise<T> {
    const attempt = await this.signIn(email, clientAddress);
    try {
      const result = await work();
      await this.forget(attempt);
      return result;
    } catch (error) {
      if (!GUESSES.has(AppError.from(error).code)) await this.forget(attempt);
      throw error;
    }
  }

  /** An attempt that succeeded counts no longer. @throws {AppError} `db.unavailable`. */
  async forget(id: string): Promise<void> {
    await withDbErrors(() => this.database.query('DELETE FROM auth.account_attempt WHERE id = $1', [id]));
  }

  private record(emailHash: Buffer | null, network: string, limits: readonly [Limit, ...Limit[]]): Promise<string> {
    return withDbErrors(() =>
      this.database.transaction(async (manager) => {
        // In the order of the limits, so that two attempts never wait for each other.
        for (const limit of limits) await enforce(manager, limit);
        const [row] = await manager.query<{ id: string }[]>(
          `INSERT INTO auth.account_attempt (kind, email_hash, network, created_at)
           VALUES ($1, $2, $3, clock_timestamp()) RETURNING id`,
          [limits[0].kind, emailHash, network],
        );
        return row?.id ?? '';
      }),
    );
  }
}

/** Attempts with the same value wait here for each other's commit. */
async function enforce(manager: EntityManager, { kind, column, value, max, windowSeconds }: Limit): Promise<void> {
  const lock = `${kind} ${column} ${Buffer.from(value).toString('hex')}`;
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lock]);
  // The oldest attempt that has to leave the window first; there is none while fewer than the maximum are in it.
  const [blocking] = await manager.query<{ seconds: number }[]>(
    `SELECT extract(epoch FROM created_at + make_interval(secs => $3) - clock_timestamp())::float8 AS seconds
     FROM auth.account_attempt
     WHERE kind = $1 AND ${column} = $2 AND created_at > clock_timestamp() - make_interval(secs => $3)
     ORDER BY created_at DESC OFFSET $4 LIMIT 1`,
    [kind, value, windowSeconds, max - 1],
  );
  if (blocking === undefined) return;
  throw new AppError('account.too_many_attempts', {}, { retryAfterSeconds: Math.max(1, Math.ceil(blocking.seconds)) });
}
