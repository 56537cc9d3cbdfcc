import { accountsContract, administrationContract, sessionsChanged } from '@xerotier/contracts/auth';
import type { AdministeredAccount, SystemChangeContext } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { newClientAddress, ownedProject, registeredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const auth = runningAuth();
const operations = administrationContract.operations;
const context: SystemChangeContext = {
  actor: { kind: 'user', id: `user_${'0'.repeat(24)}` },
  clientAddress: '203.0.113.7',
  requestId: 'req_1',
};

beforeEach(() => auth.database.query('UPDATE auth.account SET system_role = NULL'));

const setRole = (accountId: string, systemRole: 'admin' | 'operator' | null): Promise<AdministeredAccount> =>
  auth.bus.call(operations.setSystemRole, { context, accountId, systemRole });
const disable = (accountId: string): Promise<AdministeredAccount> =>
  auth.bus.call(operations.disableAccount, { context, accountId });

async function actionsOn(targetId: string): Promise<string[]> {
  const { data } = await auth.bus.call(operations.listSystemEvents, { limit: 20, order: 'asc', targetId });
  return data.map(({ action }) => action);
}

describe('accounts', () => {
  it('are listed in pages, and found by a part of the address', async () => {
    const marker = randomUUID();
    const first = await registeredAccount(auth, { email: `a-${marker}@example.com` });
    const second = await registeredAccount(auth, { email: `b-${marker}@example.com` });
    await ownedProject(auth, first.id);
    const list = (after?: string): Promise<{ data: AdministeredAccount[]; hasMore: boolean }> =>
      auth.bus.call(operations.listAccounts, {
        ...{ limit: 1, order: 'desc', email: marker.toUpperCase() },
        ...(after !== undefined && { after }),
      });
    expect(await list()).toMatchObject({ data: [{ id: second.id, projects: 0 }], hasMore: true });
    expect(await list(second.id)).toMatchObject({ data: [{ id: first.id, projects: 1 }], hasMore: false });
    const literal = auth.bus.call(operations.listAccounts, { limit: 1, order: 'desc', email: `%${marker}%` });
    expect((await literal).data).toEqual([]);
    const unknown = auth.bus.call(operations.listAccounts, {
      limit: 1,
      order: 'desc',
      after: `user_${'0'.repeat(24)}`,
    });
    await expect(unknown).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });

  it('that do not exist are not found', async () => {
    const accountId = `user_${'f'.repeat(24)}`;
    await expect(auth.bus.call(operations.getAccount, { accountId })).rejects.toMatchObject({
      code: 'account.not_found',
    });
    await expect(disable(accountId)).rejects.toMatchObject({ code: 'account.not_found' });
  });
});

describe('a disabled account', () => {
  it('has no sessions any more, also after it was enabled', async () => {
    const { id, email, tokenHash } = await registeredAccount(auth);
    const announced: string[] = [];
    const receiving = auth.bus.subscribe(sessionsChanged, ({ accountId }) => announced.push(accountId));
    await auth.bus.flush();
    expect((await disable(id)).disabledAt).not.toBeNull();
    await eventually('gateways are told', () => announced.includes(id));
    await receiving.stop();
    const session = (): Promise<unknown> => auth.bus.call(accountsContract.operations.getSession, { tokenHash });
    await expect(session()).rejects.toMatchObject({ code: 'session.invalid' });
    const signIn = (): Promise<unknown> =>
      auth.bus.call(accountsContract.operations.signIn, {
        ...{ email, password: 'correct horse battery staple', userAgent: '', clientAddress: newClientAddress() },
        tokenHash: randomUUID().replaceAll('-', '').padEnd(64, '0'),
      });
    await expect(signIn()).rejects.toMatchObject({ code: 'account.disabled' });
    const enabled = await auth.bus.call(operations.enableAccount, { context, accountId: id });
    expect(enabled.disabledAt).toBeNull();
    await expect(session()).rejects.toMatchObject({ code: 'session.invalid' });
    await signIn();
    expect(await actionsOn(id)).toEqual(['account.disabled', 'account.enabled']);
  });
});

describe('a system role', () => {
  it('is given and taken away, which the audit log says once', async () => {
    const { id } = await registeredAccount(auth);
    expect(await setRole(id, 'operator')).toMatchObject({ systemRole: 'operator' });
    await setRole(id, 'operator');
    expect(await setRole(id, null)).toMatchObject({ systemRole: null });
    expect(await actionsOn(id)).toEqual(['account.system_role_changed', 'account.system_role_changed']);
  });

  it.each([
    ['demoted', (id: string) => setRole(id, 'operator')],
    ['disabled', (id: string) => disable(id)],
  ] as const)('of the last admin cannot be %s', async (_, change) => {
    const [one, other] = [await registeredAccount(auth), await registeredAccount(auth)];
    await setRole(one.id, 'admin');
    await expect(change(one.id)).rejects.toMatchObject({ code: 'account.last_admin' });
    await setRole(other.id, 'admin');
    await disable(other.id);
    // An admin who cannot sign in does not count.
    await expect(change(one.id)).rejects.toMatchObject({ code: 'account.last_admin' });
    await auth.bus.call(operations.enableAccount, { context, accountId: other.id });
    await change(one.id);
  });

  it('of one of two admins remains, whatever they do at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      await auth.database.query('UPDATE auth.account SET system_role = NULL');
      const [one, other] = [await registeredAccount(auth), await registeredAccount(auth)];
      for (const { id } of [one, other]) await setRole(id, 'admin');
      const outcomes = await Promise.allSettled([setRole(one.id, null), disable(other.id)]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
});

describe('projects', () => {
  it('are seen from outside, of all teams', async () => {
    const { id: accountId, email, name } = await registeredAccount(auth);
    const id = await ownedProject(auth, accountId);
    const seeded = await auth.seed();
    const own = await auth.bus.call(operations.getAnyProject, { projectId: id });
    expect(own).toMatchObject({ id, owners: [{ id: accountId, email, name }], members: 1, endpoints: 0, apiKeys: 0 });
    const { data, hasMore } = await auth.bus.call(operations.listAllProjects, { limit: 1, order: 'desc' });
    expect(data).toMatchObject([{ id: seeded.id, owners: [], members: 0, endpoints: 1, apiKeys: 1 }]);
    expect(hasMore).toBe(true);
    const next = await auth.bus.call(operations.listAllProjects, { limit: 1, order: 'desc', after: seeded.id });
    expect(next.data).toEqual([own]);
    const unknown = auth.bus.call(operations.getAnyProject, { projectId: 'proj_NONE' });
    await expect(unknown).rejects.toMatchObject({ code: 'project.not_found' });
  });
});
