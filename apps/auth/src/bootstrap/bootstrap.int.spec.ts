import { administrationContract, bootstrapContract, membersContract } from '@xerotier/contracts/auth';
import type { AccountRecord } from '@xerotier/contracts/auth';
import { createHash } from 'node:crypto';
import { commandOutput } from '../../test/command-output.ts';
import { newClientAddress, newEmail, newTokenHash, registeredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';
import { bootstrap } from './bootstrap.command.ts';

const auth = runningAuth();
const operations = bootstrapContract.operations;

beforeEach(() => auth.database.query('UPDATE auth.account SET system_role = NULL'));

async function issue(...args: string[]): Promise<string> {
  const output = await commandOutput(bootstrap, args, auth.env);
  return (JSON.parse(output) as { token: string }).token;
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

function register(token: string, email = newEmail()): Promise<{ account: AccountRecord }> {
  return auth.bus.call(operations.registerAdmin, {
    ...{ email, password: 'correct horse battery staple', name: 'Ada', tokenHash: newTokenHash() },
    ...{ clientAddress: newClientAddress(), userAgent: 'tests', requestId: 'req_1', bootstrapTokenHash: hashOf(token) },
  });
}

function promote(token: string, accountId: string): Promise<AccountRecord> {
  const input = { accountId, clientAddress: '127.0.0.1', requestId: 'req_1', bootstrapTokenHash: hashOf(token) };
  return auth.bus.call(operations.promoteToAdmin, input);
}

const INVALID = { code: 'account.invalid_token' };

describe('a bootstrap token', () => {
  it('registers the first admin, as an owner of the project that it names', async () => {
    const { id: projectId } = await auth.seed();
    const { account } = await register(await issue('--owner-of', projectId));
    expect(account).toMatchObject({ systemRole: 'admin', emailVerifiedAt: null });
    const { data } = await auth.bus.call(membersContract.operations.listMembers, { projectId, limit: 9, order: 'asc' });
    expect(data).toMatchObject([{ accountId: account.id, role: 'owner' }]);
    const log = await auth.bus.call(administrationContract.operations.listSystemEvents, {
      ...{ limit: 2, order: 'desc' },
    });
    expect(log.data.map(({ action }) => action)).toEqual(['account.system_role_changed', 'bootstrap_token.issued']);
    expect(log.data[0]?.target.id).toBe(account.id);
  });

  it('makes a signed-in account the admin', async () => {
    const { id } = await registeredAccount(auth);
    expect(await promote(await issue(), id)).toMatchObject({ id, systemRole: 'admin' });
  });

  it('works once, also for concurrent requests', async () => {
    const token = await issue('--force');
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => register(token)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(register(token)).rejects.toMatchObject(INVALID);
  });

  it('is not valid after another one, after an hour, or with another value', async () => {
    const [first, second] = [await issue(), await issue()];
    await expect(register(first)).rejects.toMatchObject(INVALID);
    await expect(register('none')).rejects.toMatchObject(INVALID);
    await auth.database.query("UPDATE auth.bootstrap_token SET expires_at = now() - interval '1 second'");
    await expect(register(second)).rejects.toMatchObject(INVALID);
  });

  it('is not issued while there is an admin, and not valid any more, unless it was forced', async () => {
    const [token, { id }] = [await issue(), await registeredAccount(auth)];
    await auth.database.query("UPDATE auth.account SET system_role = 'admin' WHERE id = $1", [id]);
    await expect(register(token)).rejects.toMatchObject(INVALID);
    await expect(issue()).rejects.toThrow('There is an admin already');
    await expect(issue('--owner-of', 'proj_NONE00')).rejects.toThrow('There is an admin already');
    expect((await register(await issue('--force'))).account).toMatchObject({ systemRole: 'admin' });
  });

  it('remains valid after a registration that failed', async () => {
    const [token, { email }] = [await issue(), await registeredAccount(auth)];
    await expect(register(token, email)).rejects.toMatchObject({ code: 'account.email_taken' });
    expect((await register(token)).account).toMatchObject({ systemRole: 'admin' });
  });

  it('is stored as a hash', async () => {
    const token = await issue();
    const rows = await auth.database.query<object[]>('SELECT * FROM auth.bootstrap_token');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
    const events = await auth.database.query<object[]>("SELECT * FROM auth.audit_event WHERE project_id = 'system'");
    expect(JSON.stringify(events)).not.toContain(token);
    expect(auth.logText()).not.toContain(token);
  });

  it.each([['--owner-of'], ['--owner'], ['now']])('is not issued for the arguments %s', async (...args) => {
    await expect(issue(...args)).rejects.toThrow('expected');
  });

  it('is not issued for a project that does not exist', async () => {
    await expect(issue('--owner-of', 'proj_NONE00')).rejects.toThrow("Project 'proj_NONE00' does not exist.");
  });
});
