import { modelsContract, routerContract } from '@xerotier/contracts/router';
import type { CatalogueModel, UploadedModel } from '@xerotier/contracts/router';
import { heartbeat } from '@xerotier/contracts/xim';
import { withTenant } from '@xerotier/db';
import { eventually } from '@xerotier/testing';
import type { z } from 'zod';
import { aProject, contextOf, runningRouter } from '../../test/running-router.ts';

const router = runningRouter();
const operations = modelsContract.operations;
const NOT_FOUND = { code: 'model.not_found' };

let projectId: string;
let other: string;
let modelId: string;
beforeEach(async () => {
  await router.database.query(`UPDATE router.uploaded_model SET role = 'private', shared_at = NULL`);
  projectId = aProject();
  other = aProject();
  modelId = (await router.register(projectId)).model.id;
});

const get = (by = projectId, id = modelId): Promise<UploadedModel> =>
  router.bus.call(operations.getCatalogueModel, { projectId: by, modelId: id });
const share = (by = projectId, id = modelId): Promise<UploadedModel> =>
  router.bus.call(operations.shareModel, { context: contextOf(by), modelId: id });
const unshare = (by = projectId): Promise<UploadedModel> =>
  router.bus.call(operations.unshareModel, { context: contextOf(by), modelId });
const remove = (by = projectId): Promise<object> =>
  router.bus.call(operations.deleteProjectModel, { context: contextOf(by), modelId });

type Changes = Omit<z.input<typeof operations.updateProjectModel.input>, 'context' | 'modelId'>;
const update = (changes: Changes, by = projectId): Promise<UploadedModel> =>
  router.bus.call(operations.updateProjectModel, { context: contextOf(by), modelId, ...changes });

type Listing = Partial<z.input<typeof routerContract.operations.listModels.input>>;
const list = async (query: Listing = {}): Promise<CatalogueModel[]> => {
  const page = { limit: 100, order: 'asc', ...query } as const;
  return (await router.bus.call(routerContract.operations.listModels, page)).data;
};
const idsOf = async (query: Listing = {}): Promise<string[]> => (await list(query)).map(({ id }) => id);

type Discovery = Partial<z.input<typeof operations.discoverModels.input>>;
const discover = (query: Discovery = {}): Promise<{ data: UploadedModel[]; hasMore: boolean }> =>
  router.bus.call(operations.discoverModels, { projectId: other, limit: 20, order: 'desc', ...query });
const discovered = async (query: Discovery = {}): Promise<string[]> => (await discover(query)).data.map(({ id }) => id);

describe('the catalogue', () => {
  const onPlatform = `platform-${Math.random().toString(36).slice(2)}`;
  beforeAll(() => router.database.query(`INSERT INTO router.model VALUES ($1, 'p', 'local', 1)`, [onPlatform]));

  it('of a project has the models of the platform, its own, and shared ones', async () => {
    const { id: shared } = (await router.register(other)).model;
    const { id: foreign } = (await router.register(aProject())).model;
    await share(other, shared);
    const ids = await idsOf({ projectId });
    expect(ids).toEqual(expect.arrayContaining([onPlatform, modelId, shared]));
    expect(ids).not.toContain(foreign);
    expect(await idsOf({ projectId, source: 'platform' })).toEqual([onPlatform]);
    expect(await idsOf({ projectId, source: 'project' })).toEqual([modelId]);
    expect(await idsOf({ projectId, source: 'shared' })).toEqual([shared]);
    expect(await idsOf()).toEqual([onPlatform]);
  });

  it('has the details of uploaded models only', async () => {
    const [own] = await list({ projectId, source: 'project' });
    expect(own).toMatchObject({ name: 'acme/tiny', ownedBy: 'project', contextTokens: 8_192 });
    expect(own?.upload).toEqual(await get());
    expect((await list({ projectId, source: 'platform' }))[0]).not.toHaveProperty('upload');
  });

  it('finds models by name and id, but no private ones of others', async () => {
    for (const named of [modelId, 'acme/tiny']) {
      expect(await idsOf({ projectId, named })).toEqual([modelId]);
      expect(await idsOf({ projectId: other, named })).toEqual([]);
      expect(await idsOf({ named })).toEqual([]);
    }
    await share();
    expect(await idsOf({ projectId: other, named: 'acme/tiny' })).toEqual([modelId]);
  });

  it('continues a page after a model', async () => {
    const ids = [modelId, (await router.register(projectId, { name: 'second' })).model.id].sort();
    const page = { projectId, source: 'project', limit: 1 } as const;
    expect(await idsOf(page)).toEqual(ids.slice(0, 1));
    expect(await idsOf({ ...page, after: ids[0] })).toEqual(ids.slice(1));
  });

  it('does not get a model of a project from a worker, also if it was deleted', async () => {
    const beat = (id: string): void => {
      const state = {
        workerId: 'w1',
        modelId: id,
        engine: 'scripted',
        slots: 1,
        active: [],
        draining: false,
        startedAt: 1,
      };
      router.bus.publish(heartbeat, state, { values: { worker: 'w1' } });
    };
    await remove();
    beat(modelId);
    beat(`${onPlatform}-2`);
    await eventually('the other one is registered', async () => (await idsOf()).includes(`${onPlatform}-2`));
    expect(await idsOf()).not.toContain(modelId);
    await router.database.query('DELETE FROM router.model WHERE id = $1', [`${onPlatform}-2`]);
  });
});

describe('updating', () => {
  it('changes what is present, and removes what is null', async () => {
    const values = {
      description: 'Knows capitals.',
      license: 'mit',
      tags: ['chat', 'chat', 'code'],
      workloadTypes: ['x'],
    };
    expect(await update(values)).toMatchObject({ ...values, tags: ['chat', 'code'] });
    expect(await update({ tags: [] })).toMatchObject({
      description: 'Knows capitals.',
      tags: [],
      workloadTypes: ['x'],
    });
    const cleared = await update({ description: null, license: null });
    expect(cleared).not.toHaveProperty('description');
    expect(cleared).not.toHaveProperty('license');
    expect(await get()).toEqual(cleared);
  });
});

describe('sharing', () => {
  it('lets other projects see the model, with its latest version', async () => {
    await expect(get(other)).rejects.toMatchObject(NOT_FOUND);
    expect(await share()).toMatchObject({ role: 'deployable', isOwn: true });
    await router.register(projectId);
    expect(await get(other)).toMatchObject({ isOwn: false, latest: { version: '1.0.1' } });
    expect(await share()).toMatchObject({ role: 'deployable' });
  });

  it('ends', async () => {
    await share();
    expect(await unshare()).not.toHaveProperty('sharedAt');
    await expect(get(other)).rejects.toMatchObject(NOT_FOUND);
    expect(await discovered()).toEqual([]);
    expect(await unshare()).toMatchObject({ role: 'private' });
  });
});

describe('discovery', () => {
  it('finds what is shared, newest first', async () => {
    const third = aProject();
    const { id: second } = (await router.register(third, { name: 'second' })).model;
    await router.register(projectId, { name: 'private' });
    await share();
    await share(third, second);
    expect(await discovered()).toEqual([second, modelId]);
    expect(await discovered({ order: 'asc' })).toEqual([modelId, second]);
    const page = await discover({ limit: 1 });
    expect(page).toMatchObject({ data: [{ id: second, isOwn: false }], hasMore: true });
    expect(await discovered({ limit: 1, after: second })).toEqual([modelId]);
    expect((await discover({ projectId })).data.map(({ isOwn }) => isOwn)).toEqual([false, true]);
  });

  it('filters by architecture, tag and text', async () => {
    await share();
    await update({ description: 'Knows some 100% Capitals_', tags: ['chat'], workloadTypes: ['code'] });
    for (const query of [
      { architecture: 'LLAMA' },
      { tag: 'chat' },
      { tag: 'code' },
      { text: 'acme/T' },
      { text: '100% capitals_' },
      { architecture: 'llama', tag: 'chat', text: 'tiny' },
    ])
      expect([query, await discovered(query)]).toEqual([query, [modelId]]);
    for (const query of [
      { architecture: 'lla' },
      { tag: 'cha' },
      { text: 'knows_some' },
      { text: '%' + 'capitals' },
      { architecture: 'llama', tag: 'embedding' },
    ])
      expect([query, await discovered(query)]).toEqual([query, []]);
  });

  it('filters by what the latest version is', async () => {
    await share();
    const facts = { format: 'gguf', architecture: 'qwen3moe', parameterCount: 1, quantization: 'F16' } as const;
    await router.register(projectId, { facts });
    expect(await discovered({ architecture: 'llama' })).toEqual([]);
    expect(await discovered({ architecture: 'qwen3moe' })).toEqual([modelId]);
  });

  it('rejects a cursor that is unknown, or not shared', async () => {
    for (const after of ['none', modelId])
      await expect(discover({ after })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});

describe('deleting', () => {
  it('removes the model, frees the bytes of all versions, and lets the name be used again', async () => {
    await router.register(projectId);
    const rows = await router.database.query<{ id: string }[]>(
      'SELECT id FROM router.model_version WHERE project_id = $1',
      [projectId],
    );
    expect(rows).toHaveLength(2);
    await remove();
    await expect(get()).rejects.toMatchObject(NOT_FOUND);
    await expect(remove()).rejects.toMatchObject(NOT_FOUND);
    expect((await router.bus.call(routerContract.operations.getModels, { ids: [modelId] })).models).toEqual([]);
    await eventually('the files service is told of both', () =>
      rows.every(({ id }) => router.removed.some(({ versionId }) => versionId === id)),
    );
    const { model, version } = await router.register(projectId);
    expect(model.id).not.toBe(modelId);
    expect(version.version).toBe('1.0.0');
  });

  it('is rejected while the model is shared', async () => {
    await share();
    await expect(remove()).rejects.toMatchObject({ code: 'model.in_use', details: { reason: 'it is shared' } });
    expect(await get()).toMatchObject({ role: 'deployable' });
  });

  it.each([
    [{ slugs: ['chat'], own: 1, foreign: 0, bytesMax: null }, '1 endpoint of the project (chat)'],
    [
      { slugs: ['a', 'b'], own: 7, foreign: 2, bytesMax: null },
      '7 endpoints of the project (a, b, and 5 more) and 2 endpoints of other projects',
    ],
    [{ slugs: [], own: 0, foreign: 1, bytesMax: null }, '1 endpoint of other projects'],
  ])('is rejected while endpoints use it: %j', async (uses, users) => {
    router.uses.set(modelId, uses);
    await expect(remove()).rejects.toMatchObject({
      code: 'model.in_use',
      details: { reason: `it is used by ${users}` },
    });
    expect(await get()).toMatchObject({ id: modelId });
  });
});

describe('another project', () => {
  it('changes no model, also not a shared one', async () => {
    const attempts = async (): Promise<void> => {
      await expect(update({ license: 'mit' }, other)).rejects.toMatchObject(NOT_FOUND);
      await expect(share(other)).rejects.toMatchObject(NOT_FOUND);
      await expect(unshare(other)).rejects.toMatchObject(NOT_FOUND);
      await expect(remove(other)).rejects.toMatchObject(NOT_FOUND);
    };
    await attempts();
    const shared = await share();
    await attempts();
    expect(await get()).toEqual(shared);
  });

  it('reads nothing past the queries but what is shared', async () => {
    await router.register(projectId);
    const seen = (by: string): Promise<[number, number]> =>
      withTenant(router.asService, by, async (manager) => {
        const [row] = await manager.query<{ models: string; versions: string }[]>(
          'SELECT (SELECT count(*) FROM router.uploaded_model) AS models, (SELECT count(*) FROM router.model_version) AS versions',
        );
        return [Number(row?.models), Number(row?.versions)];
      });
    expect(await seen(projectId)).toEqual([1, 2]);
    expect(await seen(other)).toEqual([0, 0]);
    await share();
    expect(await seen(other)).toEqual([1, 1]);
    const [changed] = await withTenant(router.asService, other, async (manager) => [
      await manager.query<[unknown[], number]>(`UPDATE router.uploaded_model SET license = 'x' WHERE id = $1`, [
        modelId,
      ]),
    ]);
    expect(changed?.[1]).toBe(0);
  });
});

describe('changes', () => {
  it('are told to the audit log, and those that change nothing are not', async () => {
    const uploader = {
      actor: { kind: 'user', id: 'user_1' },
      clientAddress: '203.0.113.9',
      requestId: 'req_up',
    } as const;
    const { model } = await router.register(projectId, { name: 'audited', uploader });
    const context = contextOf(projectId);
    const change = { context, modelId: model.id };
    await router.bus.call(operations.updateProjectModel, change);
    await router.bus.call(operations.updateProjectModel, { ...change, license: 'mit' });
    await router.bus.call(operations.shareModel, change);
    await router.bus.call(operations.shareModel, change);
    await router.bus.call(operations.unshareModel, change);
    await router.register(projectId, { name: 'audited', uploader });
    await router.bus.call(operations.rollbackModel, change);
    await router.bus.call(operations.promoteModelVersion, { ...change, version: '1.0.1' });
    await router.bus.call(operations.deleteModelVersion, { ...change, version: '1.0.0' });
    await router.bus.call(operations.deleteProjectModel, change);
    const told = (): typeof router.changes => router.changes.filter(({ target }) => target.id === model.id);
    await eventually('the last one is told', () => told().some(({ action }) => action === 'model.deleted'));
    const inOrder = told().sort((a, b) => a.createdAt - b.createdAt);
    expect(new Set(inOrder.map(({ action }) => action))).toEqual(
      new Set([
        ...['model.created', 'model.updated', 'model.shared', 'model.unshared', 'model.version_created'],
        ...['model.rolled_back', 'model.version_promoted', 'model.version_deleted', 'model.deleted'],
      ]),
    );
    expect(inOrder).toHaveLength(9);
    expect(inOrder.find(({ action }) => action === 'model.created')).toMatchObject({
      ...uploader,
      projectId,
      before: null,
    });
    expect(inOrder.find(({ action }) => action === 'model.updated')).toMatchObject({
      ...{ actor: context.actor, clientAddress: context.clientAddress, requestId: context.requestId },
      ...{ before: { license: null }, after: { license: 'mit' } },
    });
  });
});
