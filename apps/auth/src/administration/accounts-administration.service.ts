import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AdministeredAccount, administrationContract, SystemChangeContext } from '@xerotier/contracts/auth';
import { seeingEveryTenant, withEveryTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { accountRecordOf } from '../accounts/account-record.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { systemContext } from '../changes/system-context.ts';
import { SecondFactorRepository } from '../second-factor/second-factor.repository.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { AdministrationRepository } from './administration.repository.ts';

type Operations = typeof administrationContract.operations;
export type AdministrationInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type AdministrationOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

type AccountValues = Partial<Pick<Account, 'systemRole' | 'disabledAt'>>;

/** Accounts, as operators of the platform see and change them. Once there is an admin who can sign in, there always is one. */
@Injectable()
export class AccountsAdministrationService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly sessions: SessionsService,
    private readonly notices: SecurityNotices,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ email, ...page }: AdministrationInput<'listAccounts'>): Promise<AdministrationOutput<'listAccounts'>> {
    return withEveryTenant(this.database, async (manager) => {
      const repository = new AdministrationRepository(manager);
      const { rows, hasMore } = await repository.listAccounts(email?.toLowerCase(), page);
      return { data: await recordsOf(manager, rows), hasMore };
    });
  }

  /** @throws {AppError} `account.not_found`, `db.unavailable`. */
  get({ accountId }: AdministrationInput<'getAccount'>): Promise<AdministeredAccount> {
    return withEveryTenant(this.database, async (manager) => {
      const account = await new AccountsRepository(manager).findById(accountId);
      return recordOf(manager, ensure(account, 'account.not_found', { account: accountId }));
    });
  }

  /** @throws {AppError} `account.not_found`, `account.last_admin`; as `ChangesService.run`. */
  async disable({ context, accountId }: AdministrationInput<'disableAccount'>): Promise<AdministeredAccount> {
    return this.change(context, 'disableAccount', { accountId }, 'account.disabled', ({ disabledAt }) =>
      disabledAt === null ? { disabledAt: new Date() } : {},
    );
  }

  /** @throws {AppError} `account.not_found`; as `ChangesService.run`. */
  async enable({ context, accountId }: AdministrationInput<'enableAccount'>): Promise<AdministeredAccount> {
    return this.change(context, 'enableAccount', { accountId }, 'account.enabled', ({ disabledAt }) =>
      disabledAt === null ? {} : { disabledAt: null },
    );
  }

  /** @throws {AppError} `account.not_found`, `account.last_admin`; as `ChangesService.run`. */
  async setSystemRole({ context, ...input }: AdministrationInput<'setSystemRole'>): Promise<AdministeredAccount> {
    const { systemRole } = input;
    return this.change(context, 'setSystemRole', input, 'account.system_role_changed', (before) =>
      before.systemRole === systemRole ? {} : { systemRole },
    );
  }

  /** @throws {AppError} `account.not_found`, `second_factor.not_found`; as `ChangesService.run`. */
  async resetSecondFactor({
    context,
    accountId,
  }: AdministrationInput<'resetSecondFactor'>): Promise<AdministeredAccount> {
    const input = { accountId };
    const changed = await this.changes.run(systemContext(context), 'resetSecondFactor', input, async (manager) => {
      const locked = await new AccountsRepository(manager).lock(accountId);
      const account = ensure(locked, 'account.not_found', { account: accountId });
      const before = await seeingEveryTenant(manager, () => recordOf(manager, account));
      const { secondFactor, ...result } = before;
      ensure(secondFactor, 'second_factor.not_found', { account: accountId });
      await new SecondFactorRepository(manager).delete(accountId);
      await new SessionsRepository(manager).revokeAll(accountId);
      await this.notices.add(manager, account, { kind: 'second_factor_reset' });
      const target = { type: 'account', id: accountId };
      return { result, audited: { action: 'account.second_factor_reset', target, before, after: result } };
    });
    this.sessions.announce({ accountId });
    return changed;
  }

  /** @param valuesOf what changes of an account; nothing if it is empty. */
  private async change(
    context: SystemChangeContext,
    operation: string,
    input: { readonly accountId: string },
    action: string,
    valuesOf: (before: Account) => AccountValues,
  ): Promise<AdministeredAccount> {
    const { accountId } = input;
    const changed = await this.changes.run(systemContext(context), operation, input, async (manager) => {
      const accounts = new AccountsRepository(manager);
      await accounts.lockSystemRoles();
      const found = ensure(await accounts.lock(accountId), 'account.not_found', { account: accountId });
      const values = valuesOf(found);
      const before = await seeingEveryTenant(manager, () => recordOf(manager, found));
      if (Object.keys(values).length === 0) return { result: before };
      const isAdmin = ({ systemRole, disabledAt }: Account): boolean => systemRole === 'admin' && disabledAt === null;
      const account = { ...found, ...values };
      if (
        isAdmin(found) &&
        !isAdmin(account) &&
        !(await new AdministrationRepository(manager).hasOtherAdmin(accountId))
      )
        throw new AppError('account.last_admin');
      await accounts.administer(accountId, values);
      // Its sessions do not work again when it is enabled.
      if (account.disabledAt !== null) await new SessionsRepository(manager).revokeAll(accountId);
      const { systemRole, disabledAt } = account;
      const result = { ...before, systemRole, disabledAt: disabledAt?.getTime() ?? null };
      return { result, audited: { action, target: { type: 'account', id: accountId }, before, after: result } };
    });
    this.sessions.announce({ accountId });
    return changed;
  }
}

async function recordOf(manager: EntityManager, account: Account): Promise<AdministeredAccount> {
  const [record] = await recordsOf(manager, [account]);
  return record as AdministeredAccount;
}

async function recordsOf(manager: EntityManager, accounts: readonly Account[]): Promise<AdministeredAccount[]> {
  const projects = await new AdministrationRepository(manager).countProjects(accounts.map(({ id }) => id));
  const records: AdministeredAccount[] = [];
  for (const account of accounts)
    records.push({
      ...(await accountRecordOf(manager, account)),
      disabledAt: account.disabledAt?.getTime() ?? null,
      projects: projects.get(account.id) ?? 0,
    });
  return records;
}
