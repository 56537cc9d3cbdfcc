import { accountsContract, projectEvent, sessionsChanged } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, consumeEvents } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { hash } from '@node-rs/argon2';
import { createHash, randomBytes } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import { metrics } from '../metrics.ts';
import { AccountsPurge } from './accounts-purge.ts';
import type { AccountsInput, AccountsOutput } from './accounts.service.ts';

const PASSWORD = 'correct horse battery staple';
const WRONG = { code: 'account.invalid_credentials' };
const INVALID_SESSION = { code: 'session.invalid' };

const { operations } = accountsContract;
const auth = runningAuth();
let changed: { accountId: string; sessionId?: string | undefined }[] = [];
let email: string;
/** Each test comes from an address of its own, since limits are per address. */
let clientAddress: string;

beforeAll(async () => {
  auth.bus.subscribe(sessionsChanged, (change) => void changed.push(change));
  await auth.bus.flush();
});

beforeEach(() => {
  changed = [];
  email = `ada-${randomBytes(6).toString('hex')}@example.com`;
  clientAddress = `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`;
});

function newTokenHash(): string {
  return createHash('sha256').update(randomBytes(32)).digest('hex');
}

type SignedIn = AccountsOutput<'signIn'> & { readonly tokenHash: string };

async function register(values: Partial<AccountsInput<'register'>> = {}): Promise<SignedIn> {
  const tokenHash = newTokenHash();
  const input = { email, password: PASSWORD, name: 'Ada', tokenHash, clientAddress, userAgent: 'tests', ...values };
  return { ...(await auth.bus.call(operations.register, input)), tokenHash };
}

async function signIn(password = PASSWORD, values: Partial<AccountsInput<'signIn'>> = {}): Promise<SignedIn> {
  const tokenHash = newTokenHash();
  const input = { email, password, tokenHash, clientAddress, userAgent: 'tests', ...values };
  return { ...(await auth.bus.call(operations.signIn, input)), tokenHash };
}

function sessionOf({ tokenHash }: { readonly tokenHash: string }): Promise<ActiveSession> {
  return auth.bus.call(operations.getSession, { tokenHash });
}

async function alterAccount(assignment: string, values: unknown[] = []): Promise<void> {
  await auth.database.query(`UPDATE auth.account SET ${assignment} WHERE email = $1`, [email, ...values]);
}

async function hashOf(): Promise<string> {
  const rows = await auth.database.query<{ password_hash: string }[]>(
    'SELECT password_hash FROM auth.account WHERE email = $1',
    [email],
  );
  return rows[0]?.password_hash ?? '';
}

describe('register', () => {
  it('creates an account with a session', async () => {
    const registered = await register();
    expect(registered).toMatchObject({
      account: { email, name: 'Ada', systemRole: null, emailVerifiedAt: null },
      session: { clientAddress, userAgent: 'tests' },
    });
    const active = await sessionOf(registered);
    expect(active).toEqual({ account: registered.account, session: registered.session, memberships: [] });
    const days = (active.session.expiresAt - active.session.createdAt) / (24 * 3_600 * 1_000);
    expect(Math.round(days)).toBe(30);
  });

  it('stores neither the password nor the token', async () => {
    const { account, tokenHash } = await register();
    expect(await hashOf()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const [row] = await auth.database.query<{ token_hash: Buffer }[]>(
      'SELECT token_hash FROM auth.session WHERE account_id = $1',
      [account.id],
    );
    expect(row?.token_hash.toString('hex')).toBe(tokenHash);
    expect(auth.logText()).not.toContain(PASSWORD);
  });

  it('rejects an e-mail address that has an account, in any case', async () => {
    await register();
    await expect(register({ email: email.toUpperCase() })).rejects.toMatchObject({ code: 'account.email_taken' });
  });

  it('creates one account for concurrent requests', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => register()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is limited per address, also when it fails', async () => {
    await register();
    for (let i = 1; i < 10; i++) await expect(register()).rejects.toMatchObject({ code: 'account.email_taken' });
    const rejection = { code: 'account.too_many_attempts', retryAfterSeconds: expect.any(Number) };
    await expect(register({ email: `other-${email}` })).rejects.toMatchObject(rejection);
    await expect(register({ email: `other-${email}`, clientAddress: '203.0.113.8' })).resolves.toBeDefined();
  });
});

describe('sign in', () => {
  it('begins another session', async () => {
    const registered = await register();
    const signedIn = await signIn();
    expect(signedIn.account).toEqual(registered.account);
    expect(signedIn.session.id).not.toBe(registered.session.id);
    await expect(sessionOf(registered)).resolves.toBeDefined();
  });

  it('accepts the e-mail address in any case', async () => {
    await register();
    await expect(signIn(PASSWORD, { email: email.toUpperCase() })).resolves.toBeDefined();
  });

  it('does the same work for an unknown e-mail address as for a wrong password, with the same error', async () => {
    await register();
    const workOf = async (attempt: Promise<unknown>): Promise<[number, unknown]> => {
      const before = metrics.passwordWork.labels('verify', 'done').value;
      const error: unknown = await attempt.catch((caught: unknown) => caught);
      return [metrics.passwordWork.labels('verify', 'done').value - before, error];
    };
    const [unknownWork, unknownError] = await workOf(signIn(PASSWORD, { email: `no-${email}` }));
    const [wrongWork, wrongError] = await workOf(signIn('a wrong password'));
    expect([unknownWork, wrongWork]).toEqual([1, 1]);
    expect(unknownError).toMatchObject(WRONG);
    expect(String(unknownError)).toBe(String(wrongError));
  });

  it('rejects an account without a password', async () => {
    await register();
    await alterAccount('password_hash = NULL');
    await expect(signIn()).rejects.toMatchObject(WRONG);
  });

  it('tells that an account is disabled for the right password only', async () => {
    const registered = await register();
    await alterAccount('disabled_at = now()');
    await expect(signIn()).rejects.toMatchObject({ code: 'account.disabled' });
    await expect(signIn('a wrong password')).rejects.toMatchObject(WRONG);
    await expect(sessionOf(registered)).rejects.toMatchObject(INVALID_SESSION);
  });

  it('replaces a hash with outdated parameters', async () => {
    await register();
    await alterAccount('password_hash = $2', [await hash(PASSWORD, { memoryCost: 8, timeCost: 1 })]);
    await signIn();
    expect(await hashOf()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await expect(signIn()).resolves.toBeDefined();
  });

  it('keeps a hash with the parameters of today', async () => {
    await register();
    const before = await hashOf();
    await signIn();
    expect(await hashOf()).toBe(before);
  });

  it('fails if the password changes after it was verified', async () => {
    const { account } = await register();
    const changing = auth.database.createQueryRunner();
    await changing.startTransaction();
    await changing.query('UPDATE auth.account SET password_hash = $2 WHERE id = $1', [account.id, await hash('new')]);
    const signingIn = signIn().catch((error: unknown) => error);
    await eventually('the sign-in waits for the change', async () => {
      const waiting = await auth.database.query<unknown[]>(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%account%'",
      );
      return waiting.length > 0;
    });
    await changing.commitTransaction();
    await changing.release();
    expect(await signingIn).toMatchObject(WRONG);
  });

  it('is rejected after ten wrong passwords from its network, until the window has passed, and not from another one', async () => {
    await register();
    for (let i = 0; i < 10; i++) await expect(signIn('a wrong password')).rejects.toMatchObject(WRONG);
    await expect(signIn()).rejects.toMatchObject({ code: 'account.too_many_attempts' });
    await expect(signIn(PASSWORD, { clientAddress: '203.0.113.9' })).resolves.toBeDefined();
    await auth.database.query("UPDATE auth.account_attempt SET created_at = created_at - interval '15 minutes'");
    await expect(signIn()).resolves.toBeDefined();
  });

  it('does not count successes', async () => {
    await register();
    for (let i = 0; i < 11; i++) await signIn();
    await expect(signIn()).resolves.toBeDefined();
  });

  it('revokes the oldest of more than a hundred sessions', async () => {
    const registered = await register();
    await auth.database.query(
      `INSERT INTO auth.session (id, token_hash, account_id, expires_at, client_address, user_agent)
       SELECT 'sess_' || substr(md5($1 || i), 1, 24), sha256(($1 || i)::bytea), $1, now() + interval '1 day', '', ''
       FROM generate_series(1, 99) AS i`,
      [registered.account.id],
    );
    await expect(sessionOf(registered)).resolves.toBeDefined();
    await signIn();
    await expect(sessionOf(registered)).rejects.toMatchObject(INVALID_SESSION);
    await eventually('it is announced', () => changed.some(({ sessionId }) => sessionId === registered.session.id));
  });
});

describe('sessions', () => {
  it('are listed newest first', async () => {
    const first = await register();
    const second = await signIn();
    const { data } = await auth.bus.call(operations.listSessions, { accountId: first.account.id });
    expect(data.map(({ id }) => id)).toEqual([second.session.id, first.session.id]);
    expect(JSON.stringify(data)).not.toContain(first.tokenHash);
  });

  it('end when they are revoked, which is announced', async () => {
    const { account, session, tokenHash } = await register();
    const one = { accountId: account.id, sessionId: session.id };
    await auth.bus.call(operations.revokeSession, one);
    await expect(sessionOf({ tokenHash })).rejects.toMatchObject(INVALID_SESSION);
    await eventually('the change is announced', () => changed.some(({ sessionId }) => sessionId === session.id));
    await expect(auth.bus.call(operations.revokeSession, one)).rejects.toMatchObject({ code: 'session.not_found' });
  });

  it('of another account cannot be revoked', async () => {
    const other = await register();
    const { account } = await register({ email: `other-${email}` });
    const crossing = auth.bus.call(operations.revokeSession, { accountId: account.id, sessionId: other.session.id });
    await expect(crossing).rejects.toMatchObject({ code: 'session.not_found' });
    await expect(sessionOf(other)).resolves.toBeDefined();
  });

  it('end all but one', async () => {
    const first = await register();
    const [second, third] = [await signIn(), await signIn()];
    const input = { accountId: first.account.id, sessionId: second.session.id };
    expect(await auth.bus.call(operations.revokeOtherSessions, input)).toEqual({ revoked: 2 });
    await expect(sessionOf(second)).resolves.toBeDefined();
    for (const ended of [first, third]) await expect(sessionOf(ended)).rejects.toMatchObject(INVALID_SESSION);
  });

  it('end on sign-out, which may be repeated', async () => {
    const { tokenHash } = await register();
    await auth.bus.call(operations.signOut, { tokenHash });
    await expect(sessionOf({ tokenHash })).rejects.toMatchObject(INVALID_SESSION);
    await expect(auth.bus.call(operations.signOut, { tokenHash })).resolves.toEqual({});
  });

  it('expire', async () => {
    const registered = await register();
    await auth.database.query('UPDATE auth.session SET expires_at = now() WHERE id = $1', [registered.session.id]);
    await expect(sessionOf(registered)).rejects.toMatchObject(INVALID_SESSION);
  });

  it('of an unknown token do not exist', async () => {
    await expect(sessionOf({ tokenHash: newTokenHash() })).rejects.toMatchObject(INVALID_SESSION);
  });
});

describe('change of the password', () => {
  const change = (
    { account, session }: SignedIn,
    currentPassword = PASSWORD,
    newPassword = 'another horse',
  ): Promise<unknown> =>
    auth.bus.call(operations.changePassword, {
      ...{ accountId: account.id, sessionId: session.id, currentPassword, newPassword, clientAddress },
    });

  it('revokes all other sessions', async () => {
    const other = await register();
    const own = await signIn();
    await change(own);
    await expect(sessionOf(own)).resolves.toBeDefined();
    await expect(sessionOf(other)).rejects.toMatchObject(INVALID_SESSION);
    await expect(signIn()).rejects.toMatchObject(WRONG);
    await expect(signIn('another horse')).resolves.toBeDefined();
    await eventually('the change is announced', () => changed.some(({ accountId }) => accountId === own.account.id));
  });

  it('changes nothing with a wrong current password, which counts as a failed sign-in', async () => {
    const own = await register();
    for (let i = 0; i < 10; i++) await expect(change(own, 'a wrong password')).rejects.toMatchObject(WRONG);
    await expect(change(own)).rejects.toMatchObject({ code: 'account.too_many_attempts' });
    await expect(sessionOf(own)).resolves.toBeDefined();
  });
});

describe('projects', () => {
  const create = (accountId: string, slug = 'demo'): Promise<{ id: string }> =>
    auth.bus.call(operations.createProject, {
      ...{ accountId, clientAddress, requestId: 'req_1', name: 'Demo', slug },
    });

  it('are created with their owner, an audit record and an event', async () => {
    const registered = await register();
    const { account } = registered;
    const project = await create(account.id);
    expect(project).toEqual({
      ...{ id: expect.stringMatching(/^proj_/), name: 'Demo', slug: 'demo', role: 'owner' },
      createdAt: expect.any(Number),
    });
    expect((await sessionOf(registered)).memberships).toEqual([
      { projectId: project.id, projectSlug: 'demo', role: 'owner' },
    ]);
    expect(await auth.bus.call(operations.listProjects, { accountId: account.id })).toEqual({ data: [project] });
    const audited = await withEveryTenant(auth.database, (manager) =>
      manager.query<object[]>('SELECT * FROM auth.audit_event WHERE project_id = $1', [project.id]),
    );
    expect(audited).toEqual([
      expect.objectContaining({
        ...{ action: 'project.created', actor_kind: 'user', actor_id: account.id, client_address: clientAddress },
        ...{ target_id: project.id, before: null, after: { name: 'Demo', slug: 'demo', owner: account.id } },
      }),
    ]);
    await eventually('the sessions of the account are announced', () =>
      changed.some(({ accountId }) => accountId === account.id),
    );
    const received: { projectId: string; type: string }[] = [];
    const connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
    const consuming = await consumeEvents(connection, projectEvent, async (events) => void received.push(...events), {
      durable: `test-${randomBytes(4).toString('hex')}`,
      log: silentLog(),
    });
    await eventually('the event is published', () =>
      received.some(({ projectId, type }) => projectId === project.id && type === 'project.created'),
    );
    await consuming.stop();
    await connection.nats.close();
  });

  it('of others are not listed', async () => {
    const { account } = await register();
    await create(account.id);
    const other = await register({ email: `other-${email}` });
    expect(await auth.bus.call(operations.listProjects, { accountId: other.account.id })).toEqual({ data: [] });
  });

  it('are accessible to members only', async () => {
    const project = await auth.seed();
    const [{ account: member }, { account: other }] = [await register(), await register({ email: `other-${email}` })];
    await withTenant(auth.database, project.id, (manager) =>
      manager.query("INSERT INTO auth.member (project_id, account_id, role) VALUES ($1, $2, 'member')", [
        project.id,
        member.id,
      ]),
    );
    const access = (accountId: string, projectId: string): Promise<unknown> =>
      auth.bus.call(operations.getMemberAccess, { accountId, projectId });
    expect(await access(member.id, project.id)).toEqual({
      role: 'member',
      project: { id: project.id, slug: project.slug },
      endpoints: [{ id: expect.any(String), slug: 'chat' }],
    });
    const NOT_FOUND = { code: 'project.not_found' };
    await expect(access(other.id, project.id)).rejects.toMatchObject(NOT_FOUND);
    await expect(access(member.id, 'proj_NONE')).rejects.toMatchObject(NOT_FOUND);
  });

  it('may have the same slug', async () => {
    const { account } = await register();
    const [first, second] = [await create(account.id), await create(account.id)];
    const { data } = await auth.bus.call(operations.listProjects, { accountId: account.id });
    expect(data.map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it('are limited per account', async () => {
    const { account } = await register();
    const { id } = await create(account.id);
    await withEveryTenant(auth.database, (manager) =>
      manager.query(
        `WITH project AS (
           INSERT INTO auth.project (id, team_id, name, slug)
           SELECT 'proj_' || upper(substr(md5($1 || i), 1, 20)), team_id, name, 'p' || i
           FROM auth.project, generate_series(1, 99) AS i WHERE id = $1 RETURNING id)
         INSERT INTO auth.member (project_id, account_id, role) SELECT id, $2, 'owner' FROM project`,
        [id, account.id],
      ),
    );
    await expect(create(account.id)).rejects.toMatchObject({ code: 'project.too_many' });
  });
});

describe('the purge', () => {
  it('deletes old attempts and sessions that ended long ago, whatever the size of a transaction', async () => {
    const purge = new AccountsPurge(auth.database, silentLog());
    const kept = await register();
    for (let i = 0; i < 3; i++) await expect(signIn('a wrong password')).rejects.toMatchObject(WRONG);
    await purge.purge();
    const ended = await signIn();
    await auth.database.query("UPDATE auth.session SET expires_at = now() - interval '31 days' WHERE id = $1", [
      ended.session.id,
    ]);
    await auth.database.query(
      "UPDATE auth.account_attempt SET created_at = now() - interval '61 minutes' WHERE kind = 'sign_in'",
    );
    expect(await purge.purge(2)).toBeGreaterThanOrEqual(4);
    expect(await purge.purge(2)).toBe(0);
    await expect(sessionOf(kept)).resolves.toBeDefined();
  });
});
