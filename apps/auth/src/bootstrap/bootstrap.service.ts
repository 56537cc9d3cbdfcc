import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AccountRecord, bootstrapContract, ChangeContext } from '@xerotier/contracts/auth';
import { ensure } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { accountRecordOf } from '../accounts/account-record.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import type { AuditedChange } from '../audit/audit-trail.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { systemContext } from '../changes/system-context.ts';
import { EmailVerificationsService } from '../email-verifications/email-verifications.service.ts';
import { MembersRepository } from '../members/members.repository.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { sessionRecordOf } from '../sessions/session-record.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { findBootstrapToken, useBootstrapToken } from './bootstrap-tokens.service.ts';

type Operations = typeof bootstrapContract.operations;
export type BootstrapInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type BootstrapOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

type Client = Pick<ChangeContext, 'clientAddress' | 'requestId'>;

/** Makes the owner of a one-time token an admin, and an owner of the project that the token names. */
@Injectable()
export class BootstrapService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly attempts: Attempts,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly verifications: EmailVerificationsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * @throws {AppError} `account.invalid_token`, `account.email_taken`, `account.too_many_attempts`, `account.overloaded`; as
   * `ChangesService.run`.
   */
  async register(input: BootstrapInput<'registerAdmin'>): Promise<BootstrapOutput<'registerAdmin'>> {
    const { bootstrapTokenHash, requestId, email, password, name, ...session } = input;
    await this.attempts.register(session.clientAddress);
    // A password is hashed only for somebody who has a token.
    ensure(await findBootstrapToken(this.database.manager, bootstrapTokenHash), 'account.invalid_token');
    const passwordHash = await this.hasher.hash(password);
    const client = { clientAddress: session.clientAddress, requestId };
    const { account, begun, project } = await this.changes.run(
      contextOf(client),
      'registerAdmin',
      {},
      async (manager) => {
        const accounts = new AccountsRepository(manager);
        await accounts.lockSystemRoles();
        const { ownedProject } = await useBootstrapToken(manager, bootstrapTokenHash);
        const registered = await accounts.insert({ email: email.toLowerCase(), name, passwordHash });
        await this.verifications.send(manager, registered);
        const { account, audited } = await promoted(manager, registered);
        const begun = await this.sessions.begin(manager, account.id, session);
        return { result: { account, begun, project: ownedProject }, audited };
      },
    );
    await this.own(project, account, client);
    return { account: await accountRecordOf(this.database.manager, account), session: sessionRecordOf(begun.session) };
  }

  /** @throws {AppError} `account.invalid_token`; as `ChangesService.run`. */
  async promote(input: BootstrapInput<'promoteToAdmin'>): Promise<AccountRecord> {
    const { accountId, bootstrapTokenHash, ...client } = input;
    const { account, project } = await this.changes.run(contextOf(client), 'promoteToAdmin', {}, async (manager) => {
      const accounts = new AccountsRepository(manager);
      await accounts.lockSystemRoles();
      const { ownedProject } = await useBootstrapToken(manager, bootstrapTokenHash);
      const found = await accounts.lock(accountId);
      const enabled = ensure(found?.disabledAt === null ? found : null, 'account.invalid_token');
      const { account, audited } = await promoted(manager, enabled);
      return { result: { account, project: ownedProject }, audited };
    });
    await this.own(project, account, client);
    this.sessions.announce({ accountId });
    return accountRecordOf(this.database.manager, account);
  }

  /**
   * Makes the account with this address the admin if there is none yet, and the account has proven that the address is its own:
   * anybody can register with an address.
   * @param email in lower case. @returns whether there is an admin now. @throws {AppError} as `ChangesService.run`.
   */
  async promoteAddress(email: string): Promise<boolean> {
    const accounts = new AccountsRepository(this.database.manager);
    if (await accounts.hasAdmin()) return true;
    if (!isEligible(await accounts.findByEmail(email))) return false;
    const client = { clientAddress: 'BOOTSTRAP_ADMIN_EMAIL', requestId: 'bootstrap' };
    const account = await this.changes.run<Account | null>(contextOf(client), 'promoteAddress', {}, async (manager) => {
      const locked = new AccountsRepository(manager);
      await locked.lockSystemRoles();
      const found = await locked.findByEmail(email);
      const current = found === null ? null : await locked.lock(found.id);
      if (!isEligible(current) || (await locked.hasAdmin())) return { result: null };
      const { account, audited } = await promoted(manager, current);
      return { result: account, audited };
    });
    if (account !== null) this.sessions.announce({ accountId: account.id });
    return account !== null;
  }

  /** Makes the account an owner of a project. It is an admin already: what fails here is logged, and can be done by an invitation. */
  private async own(projectId: string | null, { id: accountId, email }: Account, client: Client): Promise<void> {
    if (projectId === null) return;
    try {
      await this.changes.run({ ...contextOf(client), projectId }, 'bootstrapOwner', {}, async (manager) => {
        await new ProjectsRepository(manager).lockedSlugOf(projectId);
        const members = new MembersRepository(manager);
        if ((await members.find(projectId, accountId)) !== null) return { result: {} };
        await members.insert({ projectId, accountId, role: 'owner' });
        return {
          result: {},
          audited: {
            action: 'member.added',
            target: { type: 'member', id: accountId },
            before: null,
            after: { accountId, email, role: 'owner' },
          },
          events: [{ type: 'member.added', data: { id: accountId, role: 'owner' } }],
        };
      });
    } catch (error) {
      this.log.error('the first admin is no owner of the project', { projectId, accountId, error });
    }
  }
}

function isEligible(account: Account | null): account is Account {
  return account !== null && account.emailVerifiedAt !== null && account.disabledAt === null;
}

/** On behalf of whoever operates the servers, as who has the token or the setting does. */
function contextOf(client: Client): ChangeContext {
  return systemContext({ actor: { kind: 'operator', id: 'bootstrap' }, ...client });
}

async function promoted(
  manager: EntityManager,
  before: Account,
): Promise<{ readonly account: Account; readonly audited: AuditedChange }> {
  await new AccountsRepository(manager).administer(before.id, { systemRole: 'admin' });
  const account: Account = { ...before, systemRole: 'admin' };
  return {
    account,
    audited: {
      action: 'account.system_role_changed',
      target: { type: 'account', id: account.id },
      before: { email: before.email, systemRole: before.systemRole },
      after: { email: account.email, systemRole: account.systemRole },
    },
  };
}
