import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { sessionsChanged } from '@xerotier/contracts/auth';
import type { AccountRecord, accountsContract, ActiveSession, SessionRecord } from '@xerotier/contracts/auth';
import { withDbErrors, withEveryTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { CONFIG } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { accountRecordOf } from '../accounts/account-record.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import type { AuthConfig } from '../config.ts';
import { MembersRepository } from '../members/members.repository.ts';
import type { Session } from './session.entity.ts';
import { sessionRecordOf } from './session-record.ts';
import { SessionUses } from './session-uses.ts';
import { SessionsRepository } from './sessions.repository.ts';

type Operations = typeof accountsContract.operations;
export type SessionsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type SessionsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** Where a session begins. */
export interface NewSession {
  /** In hex. */
  readonly tokenHash: string;
  readonly clientAddress: string;
  readonly userAgent: string;
}

export interface SignedIn {
  readonly account: AccountRecord;
  readonly session: SessionRecord;
}

interface BegunSession {
  readonly session: Session;
  readonly ended: readonly string[];
}

const DAY_MS = 24 * 3_600 * 1_000;

/** The sessions of accounts. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'accounts'>,
    private readonly bus: Bus,
    private readonly uses: SessionUses,
  ) {}

  /** Ends the oldest session beyond the maximum. What it has ended is to be announced after the commit. */
  async begin(manager: EntityManager, accountId: string, session: NewSession): Promise<BegunSession> {
    const sessions = new SessionsRepository(manager);
    const begun = await sessions.insert({
      accountId,
      tokenHash: Buffer.from(session.tokenHash, 'hex'),
      clientAddress: session.clientAddress,
      userAgent: session.userAgent,
      expiresAt: new Date(Date.now() + this.config.accounts.sessionDays * DAY_MS),
    });
    return { session: begun, ended: await sessions.revokeExcess(accountId) };
  }

  /** Begins a session of the account that the work returns, in the same transaction. @throws {AppError} `db.unavailable`; what the work throws. */
  async start(session: NewSession, work: (manager: EntityManager) => Promise<Account>): Promise<SignedIn> {
    const { account, begun } = await withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const account = await accountRecordOf(manager, await work(manager));
        return { account, begun: await this.begin(manager, account.id, session) };
      }),
    );
    for (const sessionId of begun.ended) this.announce({ accountId: account.id, sessionId });
    return { account, session: sessionRecordOf(begun.session) };
  }

  /** @throws {AppError} `session.invalid`, also for a disabled account; `db.unavailable`. */
  async get({ tokenHash }: SessionsInput<'getSession'>): Promise<ActiveSession> {
    const active = await withEveryTenant(this.database, async (manager) => {
      const found = await new SessionsRepository(manager).findActive(Buffer.from(tokenHash, 'hex'));
      const session = ensure(found, 'session.invalid');
      const account = ensure(await new AccountsRepository(manager).findById(session.accountId), 'session.invalid');
      if (account.disabledAt !== null) throw new AppError('session.invalid');
      const projects = await new MembersRepository(manager).listProjectsOf(account.id);
      return {
        account: await accountRecordOf(manager, account),
        session: sessionRecordOf(session),
        memberships: projects.map(({ id, slug, role }) => ({ projectId: id, projectSlug: slug, role })),
      };
    });
    this.uses.record(active.session.id);
    return active;
  }

  /** @throws {AppError} `db.unavailable`. */
  async list({ accountId }: SessionsInput<'listSessions'>): Promise<SessionsOutput<'listSessions'>> {
    const sessions = await new SessionsRepository(this.database.manager).listActive(accountId);
    return { data: sessions.map(sessionRecordOf) };
  }

  /** @throws {AppError} `session.not_found`, `db.unavailable`. */
  async revoke({ accountId, sessionId }: SessionsInput<'revokeSession'>): Promise<void> {
    const [revoked] = await new SessionsRepository(this.database.manager).revoke(accountId, sessionId);
    ensure(revoked, 'session.not_found', { session: sessionId });
    this.announce({ accountId, sessionId });
  }

  /** Returns how many were revoked. @throws {AppError} `db.unavailable`. */
  async revokeOthers({ accountId, sessionId }: SessionsInput<'revokeOtherSessions'>): Promise<number> {
    const revoked = await new SessionsRepository(this.database.manager).revokeOthers(accountId, sessionId);
    if (revoked.length > 0) this.announce({ accountId });
    return revoked.length;
  }

  /** @throws {AppError} `db.unavailable`. */
  async signOut({ tokenHash }: SessionsInput<'signOut'>): Promise<void> {
    const sessions = new SessionsRepository(this.database.manager);
    const session = await sessions.findActive(Buffer.from(tokenHash, 'hex'));
    if (session === null) return;
    await sessions.revoke(session.accountId, session.id);
    this.announce({ accountId: session.accountId, sessionId: session.id });
  }

  /** Makes gateways drop sessions of the account from their caches, or one of them. To be called after the commit. */
  announce(change: z.input<typeof sessionsChanged.data>): void {
    this.bus.publish(sessionsChanged, change);
  }
}
