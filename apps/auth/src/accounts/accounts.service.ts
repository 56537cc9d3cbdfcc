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
import { PasswordCheck } from '../passwords/password-check.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { SecondFactorCheck } from '../second-factor/second-factor-check.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { EmailVerificationsService } from '../email-verifications/email-verifications.service.ts';
import type { Account } from './account.entity.ts';
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
    private readonly passwords: PasswordCheck,
    private readonly secondFactor: SecondFactorCheck,
    private readonly notices: SecurityNotices,
    private readonly sessions: SessionsService,
    private readonly verifications: EmailVerificationsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws {AppError} `account.email_taken`, `account.too_many_attempts`, `account.overloaded`, `db.unavailable`. */
  async register(input: AccountsInput<'register'>): Promise<AccountsOutput<'register'>> {
    const { email, password, name, ...session } = input;
    await this.attempts.register(session.clientAddress);
    const passwordHash = await this.hasher.hash(password);
    return this.sessions.start(session, async (manager) => {
      const account = await new AccountsRepository(manager).insert({ email: email.toLowerCase(), name, passwordHash });
      await this.verifications.send(manager, account);
      return account;
    });
  }

  /**
   * An unknown e-mail address takes the same work as a wrong password, and is the same error.
   * @throws {AppError} `account.invalid_credentials`; for the right password only, `account.disabled`,
   * `account.second_factor_required` and `account.invalid_code`; `account.too_many_attempts`, `account.overloaded`,
   * `db.unavailable`.
   */
  async signIn({ password, code, ...input }: AccountsInput<'signIn'>): Promise<AccountsOutput<'signIn'>> {
    const { email: typed, ...session } = input;
    const email = typed.toLowerCase();
    const account = await this.attempts.countWrongPassword(email, session.clientAddress, async () => {
      const found = await new AccountsRepository(this.database.manager).findByEmail(email);
      return this.passwords.verify(found, password);
    });
    const stronger = await this.strongerHashOf(account, password);
    const start = (): Promise<AccountsOutput<'signIn'>> =>
      this.sessions.start(session, (manager) => this.admitted(manager, account, { code, stronger }));
    if (code === undefined) return start();
    const signedIn = await this.attempts.countWrongCode(email, session.clientAddress, start);
    // It may have used a recovery code, of which sessions tell how many are left.
    this.sessions.announce({ accountId: signedIn.account.id });
    return signedIn;
  }

  /**
   * Replaces the password, and revokes all other sessions.
   * @throws {AppError} `account.invalid_credentials` for a wrong current password, `account.too_many_attempts`, `account.overloaded`,
   * `db.unavailable`.
   */
  async changePassword(input: AccountsInput<'changePassword'>): Promise<void> {
    const { accountId, sessionId, currentPassword, newPassword, clientAddress } = input;
    const found = await new AccountsRepository(this.database.manager).findById(accountId);
    const account = ensure(found, 'account.invalid_credentials');
    await this.attempts.countWrongPassword(account.email, clientAddress, () =>
      this.passwords.verify(account, currentPassword),
    );
    const passwordHash = await this.hasher.hash(newPassword);
    await this.transaction(async (manager) => {
      const accounts = new AccountsRepository(manager);
      const current = await accounts.lock(accountId);
      if (current === null || current.passwordHash !== account.passwordHash)
        throw new AppError('account.invalid_credentials');
      await accounts.replaceHash(current, passwordHash);
      await new SessionsRepository(manager).revokeOthers(accountId, sessionId);
      await this.notices.add(manager, current, { kind: 'password_changed' });
    });
    this.sessions.announce({ accountId });
  }

  /** The account, locked, if its verified password may begin a session. */
  private async admitted(
    manager: EntityManager,
    { id, passwordHash }: Account,
    { code, stronger }: { readonly code: string | undefined; readonly stronger: string | undefined },
  ): Promise<Account> {
    const accounts = new AccountsRepository(manager);
    // A password that was changed since it was verified must not begin a session that the change should have revoked.
    const current = await accounts.lock(id);
    if (current === null || current.passwordHash !== passwordHash) throw new AppError('account.invalid_credentials');
    if (current.disabledAt !== null) throw new AppError('account.disabled');
    await this.secondFactor.require(manager, current, code);
    if (stronger !== undefined) await accounts.replaceHash(current, stronger);
    return current;
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

  private transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withDbErrors(() => this.database.transaction(work));
  }
}
