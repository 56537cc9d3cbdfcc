import { accountsContract, membersContract, sessionsChanged, projectsContract } from '@xerotier/contracts/auth';
import type { MemberRole } from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { contextOf, newEmail, ownedProject, registeredAccount } from '../../test/registered-account.ts';
import type { RegisteredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const { operations } = membersContract;
const auth = runningAuth();
let owner: RegisteredAccount;
let projectId: string;

beforeEach(async () => {
  owner = await registeredAccount(auth);
  projectId = await ownedProject(auth, owner.id);
});

async function addMember(role: MemberRole = 'member'): Promise<RegisteredAccount> {
  const account = await registeredAccount(auth);
  await auth.database.query('INSERT INTO auth.member (project_id, account_id, role) VALUES ($1, $2, $3)', [
    ...[projectId, account.id, role],
  ]);
  return account;
}

async function memberIds(): Promise<string[]> {
  const { data } = await auth.bus.call(operations.listMembers, { projectId, limit: 100, order: 'asc' });
  return data.map(({ accountId }) => accountId);
}

async function eventTypes(): Promise<string[]> {
  const rows = await auth.database.query<{ action: string }[]>(
    'SELECT action FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence',
    [projectId],
  );
  return rows.map(({ action }) => action);
}

describe('the list of members', () => {
  it('has pages in both orders, each member once', async () => {
    const [first, second] = [await addMember(), await addMember()];
    const everyone = [owner.id, first.id, second.id];
    expect(await memberIds()).toEqual(everyone);
    for (const order of ['asc', 'desc'] as const) {
      const found: string[] = [];
      let hasMore = true;
      while (hasMore) {
        const after = found.at(-1);
        const cursor = after === undefined ? {} : { after };
        const page = await auth.bus.call(operations.listMembers, { projectId, limit: 1, order, ...cursor });
        found.push(...page.data.map(({ accountId }) => accountId));
        hasMore = page.hasMore;
      }
      expect(found).toEqual(order === 'asc' ? everyone : everyone.toReversed());
    }
  });

  it('rejects the cursor of another project', async () => {
    const stranger = await registeredAccount(auth);
    const page = { projectId, limit: 1, order: 'asc', after: stranger.id } as const;
    await expect(auth.bus.call(operations.listMembers, page)).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});

describe('a member', () => {
  it('is found in its project only', async () => {
    const input = { projectId, accountId: owner.id };
    const member = await auth.bus.call(operations.getMember, input);
    expect(member).toMatchObject({ ...{ accountId: owner.id, email: owner.email, role: 'owner' }, approves: [] });
    const other = await registeredAccount(auth, { email: newEmail('other') });
    const otherProject = await ownedProject(auth, other.id);
    const foreign = { projectId: otherProject, accountId: owner.id };
    await expect(auth.bus.call(operations.getMember, foreign)).rejects.toMatchObject({ code: 'member.not_found' });
    const context = contextOf(otherProject, other.id);
    for (const operation of [operations.updateMember, operations.removeMember])
      await expect(auth.bus.call(operation, { context, accountId: owner.id })).rejects.toMatchObject({
        code: 'member.not_found',
      });
    expect(await memberIds()).toEqual([owner.id]);
  });

  it('gets a role and delegations, which are recorded and announced', async () => {
    const member = await addMember();
    const changed: string[] = [];
    auth.bus.subscribe(sessionsChanged, ({ accountId }) => void changed.push(accountId));
    await auth.bus.flush();
    const context = contextOf(projectId, owner.id);
    const delegated = await auth.bus.call(operations.updateMember, {
      ...{ context, accountId: member.id },
      approves: ['irreversible', 'destructive'],
    });
    expect(delegated).toMatchObject({ role: 'member', approves: ['destructive', 'irreversible'] });
    const promoted = await auth.bus.call(operations.updateMember, { context, accountId: member.id, role: 'owner' });
    expect(promoted).toMatchObject({ role: 'owner', approves: ['destructive', 'irreversible'] });
    await auth.bus.call(operations.updateMember, { context, accountId: member.id, role: 'owner' });
    expect(await eventTypes()).toEqual(['project.created', 'member.updated', 'member.updated']);
    await eventually('the change of the member', () => changed.includes(member.id));
  });

  it('loses access when it is removed', async () => {
    const member = await addMember();
    const access = { accountId: member.id, projectId };
    await expect(auth.bus.call(accountsContract.operations.getMemberAccess, access)).resolves.toBeDefined();
    const context = contextOf(projectId, owner.id);
    await auth.bus.call(operations.removeMember, { context, accountId: member.id });
    await expect(auth.bus.call(accountsContract.operations.getMemberAccess, access)).rejects.toMatchObject({
      code: 'project.not_found',
    });
    const { tokenHash } = member;
    const { memberships } = await auth.bus.call(accountsContract.operations.getSession, { tokenHash });
    expect(memberships).toEqual([]);
    expect(await eventTypes()).toContain('member.removed');
  });

  it('may leave, once', async () => {
    const member = await addMember();
    const input = { context: contextOf(projectId, member.id), accountId: member.id };
    await auth.bus.call(operations.removeMember, input);
    await expect(auth.bus.call(operations.removeMember, input)).rejects.toMatchObject({ code: 'project.not_found' });
  });
});

describe('the last owner', () => {
  const LAST_OWNER = { code: 'member.last_owner' };

  it('is neither removed nor demoted', async () => {
    await addMember();
    const context = contextOf(projectId, owner.id);
    const demotion = { context, accountId: owner.id, role: 'member' } as const;
    await expect(auth.bus.call(operations.updateMember, demotion)).rejects.toMatchObject(LAST_OWNER);
    const removal = { context, accountId: owner.id };
    await expect(auth.bus.call(operations.removeMember, removal)).rejects.toMatchObject(LAST_OWNER);
  });

  it('may leave a project that is archived', async () => {
    const input = { context: contextOf(projectId, owner.id), accountId: owner.id };
    await auth.bus.call(projectsContract.operations.setProjectArchived, { context: input.context, isArchived: true });
    await auth.bus.call(operations.removeMember, input);
    await expect(auth.bus.call(operations.removeMember, input)).rejects.toMatchObject({ code: 'project.not_found' });
  });

  it('remains when all owners are demoted and removed at the same time', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => addMember('owner')));
    const context = contextOf(projectId, owner.id);
    const results = await Promise.allSettled(
      [owner, ...others].map(({ id: accountId }, at) =>
        at % 2 === 0
          ? auth.bus.call(operations.updateMember, { context, accountId, role: 'member' })
          : auth.bus.call(operations.removeMember, { context, accountId }),
      ),
    );
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected).toEqual([expect.objectContaining({ reason: expect.objectContaining(LAST_OWNER) })]);
    const { data } = await auth.bus.call(operations.listMembers, { projectId, limit: 100, order: 'asc' });
    expect(data.filter(({ role }) => role === 'owner')).toHaveLength(1);
  });
});
