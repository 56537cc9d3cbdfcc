import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { accountsContract } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { Attempts } from '../attempts/attempts.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { sessionRecordOf } from '../sessions/session-record.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import type { NewSession } from '../sessions/sessions.service.ts';
import { EmailVerificationsService } from '../email-verifications/email-verifications.service.ts';
import type { Account } from './account.entity.ts';
import { accountRecordOf } from './account-record.ts';
import { AccountsRepository } from './accounts.repository.ts';

type Operations = typeof accountsContract.operations;
export type AccountsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type AccountsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** Accounts with a password: registration, sign-in and change of the password. */
@Injectable()
export class AccountsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly attempts: Attempts,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly verifications: EmailVerificationsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws {AppError} `account.email_taken`, `account.too_many_attempts`, `account.overloaded`, `db.unavailable`. */
  async register(input: AccountsInput<'register'>): Promise<AccountsOutput<'register'>> {
    const { email, password, name, ...session } = input;
    await this.attempts.register(session.clientAddress);
    const passwordHash = await this.hasher.hash(password);
    return this.beginSession(session, async (manager) => {
      const account = await new AccountsRepository(manager).insert({ email: email.toLowerCase(), name, passwordHash });
      await this.verifications.send(manager, account);
      return account;
    });
  }

  /**
   * An unknown e-mail address takes the same work as a wrong password, and is the same error.
   * @throws {AppError} `account.invalid_credentials`; `account.disabled`, for the right password only; `account.too_many_attempts`,
   * `account.overloaded`, `db.unavailable`.
   */
  async signIn({ email, password, ...session }: AccountsInput<'signIn'>): Promise<AccountsOutput<'signIn'>> {
    const account = await this.verified(email.toLowerCase(), password, session.clientAddress);
    const stronger = await this.strongerHashOf(account, password);
    return this.beginSession(session, async (manager) => {
      const accounts = new AccountsRepository(manager);
      // A password that was changed since it was verified must not begin a session that the change should have revoked.
      const current = await accounts.lock(account.id);
      if (current === null || current.passwordHash !== account.passwordHash)
        throw new AppError('account.invalid_credentials');
      if (current.disabledAt !== null) throw new AppError('account.disabled');
      if (stronger !== undefined) await accounts.replaceHash(current, stronger);
      return current;
    });
  }

  /**
   * Replaces the password, and revokes all other sessions.
   * @throws {AppError} `account.invalid_credentials` for a wrong current password, `account.too_many_attempts`, `account.overloaded`,
   * `db.unavailable`.
   */
  async changePassword(input: AccountsInput<'changePassword'>): Promise<void> {
    const { accountId, sessionId, currentPassword, newPassword, clientAddress } = input;
    const found = await new AccountsRepository(this.database.manager).findById(accountId);
    const account = await this.verified(
      ensure(found, 'account.invalid_credentials').email,
      currentPassword,
      clientAddress,
    );
    const passwordHash = await this.hasher.hash(newPassword);
    await this.transaction(async (manager) => {
      const accounts = new AccountsRepository(manager);
      const current = await accounts.lock(accountId);
      if (current === null || current.passwordHash !== account.passwordHash)
        throw new AppError('account.invalid_credentials');
      await accounts.replaceHash(current, passwordHash);
      await new SessionsRepository(manager).revokeOthers(accountId, sessionId);
    });
    this.sessions.announce({ accountId });
  }

  /** Returns the account of this e-mail address and password. */
  private async verified(email: string, password: string, clientAddress: string): Promise<Account> {
    const attempt = await this.attempts.signIn(email, clientAddress);
    const account = await new AccountsRepository(this.database.manager).findByEmail(email);
    let isMatch: boolean;
    try {
      isMatch = await this.hasher.verify(account?.passwordHash ?? null, password);
    } catch (error) {
      // Nothing was learned about the password.
      await this.attempts.forget(attempt);
      throw error;
    }
    if (account === null || !isMatch) throw new AppError('account.invalid_credentials');
    await this.attempts.forget(attempt);
    return account;
  }

  /** A new hash of the password, if the stored one has other parameters than those of today. */
  private async strongerHashOf({ passwordHash }: Account, password: string): Promise<string | undefined> {
    if (passwordHash === null || !this.hasher.isOutdated(passwordHash)) return undefined;
    try {
      return await this.hasher.hash(password);
    } catch (error) {
      this.log.info('password rehash skipped', { error });
      return undefined;
    }
  }

  /** Begins a session of the account that the work returns, in the same transaction. */
  private async beginSession(
    session: NewSession,
    work: (manager: EntityManager) => Promise<Account>,
  ): Promise<AccountsOutput<'signIn'>> {
    const { account, begun } = await this.transaction(async (manager) => {
      const account = await work(manager);
      return { account, begun: await this.sessions.begin(manager, account.id, session) };
    });
    for (const sessionId of begun.ended) this.sessions.announce({ accountId: account.id, sessionId });
    return { account: accountRecordOf(account), session: sessionRecordOf(begun.session) };
  }

  private transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withDbErrors(() => this.database.transaction(work));
  }
}
