import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { identitiesContract } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import { PasswordCheck } from '../passwords/password-check.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import type { AccountIdentity } from './account-identity.entity.ts';
import { IdentitiesRepository } from './identities.repository.ts';
import type { IdentityProvider, ProviderProfile } from './identity-provider.ts';
import { IdentityProviders } from './identity-providers.ts';

type Operations = typeof identitiesContract.operations;
export type IdentitiesInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type IdentitiesOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The identities that are linked to an account. */
@Injectable()
export class IdentitiesService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly providers: IdentityProviders,
    private readonly attempts: Attempts,
    private readonly passwords: PasswordCheck,
    private readonly notices: SecurityNotices,
  ) {}

  /** @throws {AppError} `db.unavailable`. */
  async list({ accountId }: IdentitiesInput<'listIdentities'>): Promise<IdentitiesOutput<'listIdentities'>> {
    const identities = await new IdentitiesRepository(this.database.manager).listOf(accountId);
    return {
      data: identities.map(({ provider, email, createdAt }) => ({ provider, email, createdAt: createdAt.getTime() })),
    };
  }

  /**
   * Verifies the password of an account that has one: another way to sign in outlasts the session that adds it. It would also
   * outlast a password reset: whoever registers with the address of somebody else must not add one.
   * @throws {AppError} `account.email_not_verified`, `account.invalid_credentials`, `account.too_many_attempts`, `account.overloaded`, `db.unavailable`.
   */
  async authenticate(input: IdentitiesInput<'beginIdentityLink'>): Promise<void> {
    const { accountId, currentPassword, clientAddress } = input;
    const found = await new AccountsRepository(this.database.manager).findById(accountId);
    const account = ensure(found, 'account.invalid_credentials');
    if (account.emailVerifiedAt === null) throw new AppError('account.email_not_verified');
    if (account.passwordHash === null) return;
    if (currentPassword === undefined) throw new AppError('account.invalid_credentials');
    await this.attempts.countWrongPassword(account.email, clientAddress, () =>
      this.passwords.verify(account, currentPassword),
    );
  }

  /**
   * @param currentTokenHash of the session that the browser has: whoever signed in here since must not get the identity linked.
   * @throws {AppError} `session.invalid`, `account.disabled`, `identity.in_use`, `identity.linked_already`, `db.unavailable`.
   */
  async link(
    accountId: string,
    currentTokenHash: string | undefined,
    provider: IdentityProvider,
    profile: ProviderProfile,
  ): Promise<void> {
    await this.withLocked(accountId, async (manager, account) => {
      const tokenHash = Buffer.from(ensure(currentTokenHash, 'session.invalid'), 'hex');
      const session = await new SessionsRepository(manager).findActive(tokenHash);
      if (session?.accountId !== accountId) throw new AppError('session.invalid');
      if (account.disabledAt !== null) throw new AppError('account.disabled');
      const identities = new IdentitiesRepository(manager);
      const existing = await identities.find(provider.issuer, profile.subject);
      if (existing?.accountId === accountId) return;
      await identities.insert(identityOf(accountId, provider, profile));
      await this.notices.add(manager, account, { kind: 'identity_linked', provider: provider.name });
    });
  }

  /** @throws {AppError} `identity.not_found`, `identity.last_way`, `db.unavailable`. */
  async delete({ accountId, provider }: IdentitiesInput<'deleteIdentity'>): Promise<void> {
    await this.withLocked(accountId, async (manager, account) => {
      const identities = new IdentitiesRepository(manager);
      const all = await identities.listOf(accountId);
      const others = all.filter((identity) => identity.provider !== provider);
      if (others.length === all.length) throw new AppError('identity.not_found', { provider });
      if (account.passwordHash === null && !others.some((identity) => this.isUsable(identity)))
        throw new AppError('identity.last_way');
      await identities.delete(accountId, provider);
      const name = this.providers.all.find(({ id }) => id === provider)?.name ?? provider;
      await this.notices.add(manager, account, { kind: 'identity_removed', provider: name });
    });
  }

  /** Those of an issuer that is no longer configured cannot sign in. */
  private isUsable({ issuer }: AccountIdentity): boolean {
    return this.providers.all.some((provider) => provider.issuer === issuer);
  }

  private async withLocked(
    accountId: string,
    work: (manager: EntityManager, account: Account) => Promise<void>,
  ): Promise<void> {
    await withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const account = await new AccountsRepository(manager).lock(accountId);
        await work(manager, ensure(account, 'session.invalid'));
      }),
    );
  }
}

export function identityOf(
  accountId: string,
  { id, issuer }: IdentityProvider,
  { subject, email }: ProviderProfile,
): Omit<AccountIdentity, 'createdAt'> {
  return { issuer, subject, provider: id, accountId, email };
}
