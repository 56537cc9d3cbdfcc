import {
  accessChanged,
  accountsContract,
  apiKeysContract,
  endpointsContract,
  membersContract,
  projectsContract,
} from '@xerotier/contracts/auth';
import type {
  ChangeContext,
  ProjectDetails,
  ProjectRecord,
  ProjectRetention,
  ProjectSettingsChange,
  Scope,
} from '@xerotier/contracts/auth';
import { eventually } from '@xerotier/testing';
import { contextOf, newClientAddress, ownedProject, registeredAccount } from '../../test/registered-account.ts';
import type { RegisteredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const { operations } = projectsContract;
const ARCHIVED = { code: 'project.archived' };
const auth = runningAuth();
let owner: RegisteredAccount;
let projectId: string;
let context: ChangeContext;

beforeEach(async () => {
  owner = await registeredAccount(auth);
  projectId = await ownedProject(auth, owner.id);
  context = contextOf(projectId, owner.id);
});

function setArchived(isArchived: boolean): Promise<ProjectDetails> {
  return auth.bus.call(operations.setProjectArchived, { context, isArchived });
}

function create(idempotencyKey?: string, slug = 'demo', accountId = owner.id): Promise<ProjectRecord> {
  return auth.bus.call(accountsContract.operations.createProject, {
    ...{ accountId, name: 'Demo', slug, clientAddress: newClientAddress(), requestId: 'req_1' },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
}

function createKey(scopes: Scope[]): ReturnType<typeof auth.bus.call<typeof apiKeysContract.operations.createApiKey>> {
  return auth.bus.call(apiKeysContract.operations.createApiKey, {
    ...{ context, name: 'key', scopes, expiresAt: null, endpointId: null, quota: null },
    ipFilter: { allow: [], block: [] },
  });
}

async function owned(accountId = owner.id): Promise<ProjectRecord[]> {
  const { data } = await auth.bus.call(accountsContract.operations.listProjects, { accountId });
  return data;
}

describe('a project', () => {
  it('gets another name and settings, which are announced with its keys', async () => {
    const changed: string[] = [];
    auth.bus.subscribe(accessChanged, (change) => void changed.push(change.projectId));
    await auth.bus.flush();
    const { value } = await createKey(['inference']);
    expect(await auth.authorize(value, projectId)).not.toHaveProperty('settings');
    await auth.bus.call(operations.updateProject, { context, name: 'Renamed', settings: { includeReasoning: true } });
    const updated = await auth.bus.call(operations.updateProject, { context, settings: { storeByDefault: true } });
    const settings = { includeReasoning: true, storeByDefault: true };
    expect(updated).toMatchObject({ id: projectId, name: 'Renamed', settings, archivedAt: null });
    expect(await auth.bus.call(operations.getProject, { projectId })).toEqual(updated);
    expect(await auth.authorize(value, projectId)).toMatchObject({ settings });
    await eventually('the change', () => changed.includes(projectId));
    const actions = await auth.database.query<{ action: string }[]>(
      "SELECT action FROM auth.audit_event WHERE project_id = $1 AND target_type = 'project' ORDER BY sequence",
      [projectId],
    );
    expect(actions.map(({ action }) => action)).toEqual(['project.created', 'project.updated', 'project.updated']);
  });

  it('gets a retention, and loses it, which leaves its other settings as they are', async () => {
    const update = (settings: ProjectSettingsChange): Promise<ProjectDetails> =>
      auth.bus.call(operations.updateProject, { context, settings });
    const retention = async (): Promise<ProjectRetention | undefined> => {
      const found: ProjectRetention[] = [];
      for (let after: string | undefined, hasMore = true; hasMore; after = found.at(-1)?.projectId) {
        const page = await auth.bus.call(operations.listRetentions, {
          limit: 1,
          ...(after !== undefined && { after }),
        });
        found.push(...page.data);
        hasMore = page.hasMore;
      }
      expect(new Set(found.map(({ projectId: id }) => id)).size).toBe(found.length);
      return found.find((each) => each.projectId === projectId);
    };
    const other = contextOf(await ownedProject(auth, owner.id), owner.id);
    await auth.bus.call(operations.updateProject, { context: other, settings: { retentionDays: 3_650 } });
    await update({ storeByDefault: true });
    expect(await retention()).toBeUndefined();
    expect((await update({ retentionDays: 30 })).settings).toEqual({ storeByDefault: true, retentionDays: 30 });
    expect(await retention()).toEqual({ projectId, retentionDays: 30 });
    await setArchived(true);
    expect(await retention()).toEqual({ projectId, retentionDays: 30 });
    await setArchived(false);
    expect((await update({ retentionDays: null })).settings).toEqual({ storeByDefault: true });
    expect(await retention()).toBeUndefined();
  });

  it('is not found by another id', async () => {
    await expect(auth.bus.call(operations.getProject, { projectId: 'proj_NOBODY01' })).rejects.toMatchObject({
      code: 'project.not_found',
    });
  });
});

describe('an archived project', () => {
  it('serves nothing, is read and not changed, until it is restored', async () => {
    const { key, value } = await createKey(['inference', 'management']);
    expect(await setArchived(true)).toMatchObject({ archivedAt: expect.any(Number) });
    expect(await setArchived(true)).toMatchObject({ archivedAt: expect.any(Number) });
    await expect(auth.authorize(value, projectId)).rejects.toMatchObject(ARCHIVED);
    await expect(auth.authorize(value, undefined)).rejects.toMatchObject(ARCHIVED);
    await expect(auth.authorize(value, projectId, undefined, 'management')).resolves.toBeDefined();
    expect(await owned()).toEqual([expect.objectContaining({ id: projectId, archivedAt: expect.any(Number) })]);

    await expect(createKey(['inference'])).rejects.toMatchObject(ARCHIVED);
    await expect(auth.bus.call(operations.updateProject, { context, name: 'No' })).rejects.toMatchObject(ARCHIVED);
    const endpoint = { slug: 'chat', modelId: 'tiny', tier: 'free', task: 'generate' } as const;
    await expect(
      auth.bus.call(endpointsContract.operations.createEndpoint, {
        ...{ context, ...endpoint, defaults: {}, latencyTargets: {} },
      }),
    ).rejects.toMatchObject(ARCHIVED);
    // What takes rights away is possible.
    const revoked = await auth.bus.call(apiKeysContract.operations.revokeApiKey, { context, keyId: key.id });
    expect(revoked.revokedAt).not.toBeNull();

    expect(await setArchived(false)).toMatchObject({ archivedAt: null });
    const { value: next } = await createKey(['inference']);
    await expect(auth.authorize(next, projectId)).resolves.toBeDefined();
  });

  it('can be left', async () => {
    const member = await registeredAccount(auth);
    await auth.database.query("INSERT INTO auth.member (project_id, account_id, role) VALUES ($1, $2, 'member')", [
      projectId,
      member.id,
    ]);
    await setArchived(true);
    const input = { context: contextOf(projectId, member.id), accountId: member.id };
    await expect(auth.bus.call(membersContract.operations.removeMember, input)).resolves.toBeDefined();
  });

  it('is not changed by requests that run while it is archived', async () => {
    const [archived, ...created] = await Promise.allSettled([
      setArchived(true),
      ...Array.from({ length: 6 }, () => createKey(['inference'])),
    ]);
    expect(archived.status).toBe('fulfilled');
    const [last] = await auth.database.query<{ action: string }[]>(
      'SELECT action FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence DESC LIMIT 1',
      [projectId],
    );
    expect(last?.action).toBe('project.archived');
    for (const result of created.filter(({ status }) => status === 'rejected'))
      expect(result).toMatchObject({ reason: ARCHIVED });
  });
});

describe('the creation of projects', () => {
  it('is done once for an Idempotency-Key, also for concurrent requests', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => create('once')));
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect(await create('once')).toEqual(results[0]);
    expect(await owned()).toHaveLength(2);
    await expect(create('once', 'another')).rejects.toMatchObject({ code: 'idempotency.key_reused' });
    const other = await registeredAccount(auth);
    expect((await create('once', 'demo', other.id)).id).not.toBe(results[0]?.id);
  });

  it('rejects an Idempotency-Key that was used longer ago than it is kept', async () => {
    await create('old');
    await auth.database.query("UPDATE auth.idempotency_key SET created_at = now() - interval '25 hours'");
    await expect(create('old')).rejects.toMatchObject({ code: 'idempotency.key_reused' });
  });

  it('is limited per account, exactly for concurrent requests', async () => {
    await auth.database.query(
      `WITH team AS (INSERT INTO auth.team (name) VALUES ('T') RETURNING id),
         made AS (INSERT INTO auth.project (id, team_id, name, slug)
           SELECT 'proj_' || upper(substr(md5($1 || i), 1, 10)), team.id, 'P', 'p' || i FROM team, generate_series(1, 96) AS i
           RETURNING id)
       INSERT INTO auth.member (project_id, account_id, role) SELECT id, $1, 'owner' FROM made`,
      [owner.id],
    );
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => create()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 5 }, () => 'project.too_many'),
    );
    expect(await owned()).toHaveLength(100);
  });
});
