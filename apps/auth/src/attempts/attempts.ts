import { Injectable, Inject } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { AuthConfig } from '../config.ts';
import type { AccountAttempt } from './account-attempt.entity.ts';
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

/** What a mail is about. Each has limits of its own, so that none can use up those of another. */
export type MailPurpose = 'password_reset' | 'verification' | 'invitation';

interface Limit {
  readonly kind: AccountAttempt['kind'];
  /** What attempts have in common that count together. */
  readonly of: { readonly emailHash?: Buffer; readonly network?: string };
  readonly max: number;
  readonly windowSeconds: number;
}

type Limits = readonly [Limit, ...Limit[]];

/**
 * Limits attempts to sign in and to register, and requests that send mail, in a sliding window, exactly for all replicas. An attempt is recorded before its
 * password or code is verified, so that concurrent ones count, and forgotten when it succeeds. A rejected one is not recorded: repeating it
 * does not extend the wait. Wrong passwords are limited per account and network, so that a stranger does not keep the owner of an
 * account from signing in, and per account, far above that, so that many networks cannot guess together. Wrong codes need the right
 * password or a session first, and are limited per account, wherever they come from.
 */
@Injectable()
export class Attempts {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'accounts'>,
  ) {}

  /**
   * Records an attempt to sign in by a password. @param email in lower case.
   * @returns its id, for `forget`. @throws {AppError} `account.too_many_attempts`, `db.unavailable`.
   */
  signIn(email: string, clientAddress: string): Promise<string> {
    const { signInFailuresPerAccount, signInFailuresPerAccountAndAddress, signInFailuresPerAddress } =
      this.config.accounts;
    const [emailHash, network] = [hashOf(email), networkOf(clientAddress)];
    const common = { kind: 'sign_in', windowSeconds: SIGN_IN_WINDOW_SECONDS } as const;
    return this.record(emailHash, network, [
      { ...common, of: { emailHash, network }, max: signInFailuresPerAccountAndAddress },
      { ...common, of: { emailHash }, max: signInFailuresPerAccount },
      { ...common, of: { network }, max: signInFailuresPerAddress },
    ]);
  }

  /** As `signIn`, by a code of the second factor. */
  secondFactor(email: string, clientAddress: string): Promise<string> {
    const { codeFailuresPerAccount, signInFailuresPerAddress } = this.config.accounts;
    const [emailHash, network] = [hashOf(email), networkOf(clientAddress)];
    const common = { kind: 'second_factor', windowSeconds: SIGN_IN_WINDOW_SECONDS } as const;
    return this.record(emailHash, network, [
      { ...common, of: { emailHash }, max: codeFailuresPerAccount },
      { ...common, of: { network }, max: signInFailuresPerAddress },
    ]);
  }

  /** Records an attempt to register. @throws {AppError} `account.too_many_attempts`, `db.unavailable`. */
  async register(clientAddress: string): Promise<void> {
    const network = networkOf(clientAddress);
    const { registrationsPerAddress: max } = this.config.accounts;
    const common = { kind: 'registration', windowSeconds: REGISTRATION_WINDOW_SECONDS } as const;
    await this.record(null, network, [{ ...common, of: { network }, max }]);
  }

  /**
   * Records a request that sends mail, whether or not the address has an account.
   * @param email of the recipient, in lower case.
   * @param manager of the transaction that sends it: what is rolled back sends nothing, and does not count. Default: one of its own.
   * @throws {AppError} `account.too_many_attempts`, `db.unavailable`.
   */
  async mail(purpose: MailPurpose, email: string, clientAddress: string, manager?: EntityManager): Promise<void> {
    const { mailsPerRecipient, mailsPerAddress } = this.config.accounts;
    const [emailHash, network] = [hashOf(email), networkOf(clientAddress)];
    const common = { kind: `${purpose}_mail`, windowSeconds: MAIL_WINDOW_SECONDS } as const;
    const limits: Limits = [
      { ...common, of: { emailHash }, max: mailsPerRecipient },
      { ...common, of: { network }, max: mailsPerAddress },
    ];
    if (manager === undefined) await this.record(emailHash, network, limits);
    else await withDbErrors(() => recordIn(manager, emailHash, network, limits));
  }

  /**
   * Runs work that verifies a password. It counts as a failed sign-in if it throws `account.invalid_credentials`; after any other
   * error nothing was learned about the password.
   * @param email in lower case. @throws {AppError} `account.too_many_attempts`, `db.unavailable`; what the work throws.
   */
  async countWrongPassword<T>(email: string, clientAddress: string, work: () => Promise<T>): Promise<T> {
    return this.countFailure('account.invalid_credentials', await this.signIn(email, clientAddress), work);
  }

  /** As `countWrongPassword`, of work that verifies a code of the second factor, and throws `account.invalid_code`. */
  async countWrongCode<T>(email: string, clientAddress: string, work: () => Promise<T>): Promise<T> {
    return this.countFailure('account.invalid_code', await this.secondFactor(email, clientAddress), work);
  }

  /** An attempt that succeeded counts no longer. @throws {AppError} `db.unavailable`. */
  async forget(id: string): Promise<void> {
    await withDbErrors(() => this.database.query('DELETE FROM auth.account_attempt WHERE id = $1', [id]));
  }

  /**
   * Wrong passwords of an account count no longer, if the transaction commits: it has another password. Wrong codes still do, since
   * the second factor stays. @param email in lower case. @throws {AppError} `db.unavailable`.
   */
  async forgetWrongPasswords(manager: EntityManager, email: string): Promise<void> {
    const forget = "DELETE FROM auth.account_attempt WHERE kind = 'sign_in' AND email_hash = $1";
    await withDbErrors(() => manager.query(forget, [hashOf(email)]));
  }

  private async countFailure<T>(failure: ErrorCode, attempt: string, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      await this.forget(attempt);
      return result;
    } catch (error) {
      if (AppError.from(error).code !== failure) await this.forget(attempt);
      throw error;
    }
  }

  private record(emailHash: Buffer | null, network: string, limits: Limits): Promise<string> {
    return withDbErrors(() => this.database.transaction((manager) => recordIn(manager, emailHash, network, limits)));
  }
}

function hashOf(email: string): Buffer {
  return createHash('sha256').update(email).digest();
}

async function recordIn(
  manager: EntityManager,
  emailHash: Buffer | null,
  network: string,
  limits: Limits,
): Promise<string> {
  // In the order of the limits, so that two attempts never wait for each other.
  for (const limit of limits) await enforce(manager, limit);
  const [row] = await manager.query<{ id: string }[]>(
    `INSERT INTO auth.account_attempt (kind, email_hash, network, created_at)
     VALUES ($1, $2, $3, clock_timestamp()) RETURNING id`,
    [limits[0].kind, emailHash, network],
  );
  return row?.id ?? '';
}

/** Attempts that count together wait here for each other's commit. */
async function enforce(manager: EntityManager, { kind, of, max, windowSeconds }: Limit): Promise<void> {
  const { emailHash = null, network = null } = of;
  const lock = `${kind} ${emailHash?.toString('hex') ?? ''} ${network ?? ''}`;
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lock]);
  // The oldest attempt that has to leave the window first; there is none while fewer than the maximum are in it.
  const [blocking] = await manager.query<{ seconds: number }[]>(
    `SELECT extract(epoch FROM created_at + make_interval(secs => $2) - clock_timestamp())::float8 AS seconds
     FROM auth.account_attempt
     WHERE kind = $1 AND created_at > clock_timestamp() - make_interval(secs => $2)
       AND ($4::bytea IS NULL OR email_hash = $4) AND ($5::text IS NULL OR network = $5)
     ORDER BY created_at DESC OFFSET $3 LIMIT 1`,
    [kind, windowSeconds, max - 1, emailHash, network],
  );
  if (blocking === undefined) return;
  throw new AppError('account.too_many_attempts', {}, { retryAfterSeconds: Math.max(1, Math.ceil(blocking.seconds)) });
}
