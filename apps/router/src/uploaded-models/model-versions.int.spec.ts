import { modelsContract, routerContract } from '@xerotier/contracts/router';
import type { ModelShape, ModelVersion } from '@xerotier/contracts/router';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { aProject, contextOf, runningRouter } from '../../test/running-router.ts';

const router = runningRouter();
const { listModelVersions, promoteModelVersion, rollbackModel, deleteModelVersion, getCatalogueModel } =
  modelsContract.operations;
const NOT_FOUND = { code: 'model.not_found' };
const UNKNOWN_VERSION = { code: 'model.version_not_found' };

let projectId: string;
let modelId: string;
beforeEach(async () => {
  projectId = aProject();
  modelId = (await router.register(projectId)).model.id;
});

type Page = { limit?: number; after?: string; order?: 'asc' | 'desc' };
const list = (page: Page = {}): Promise<{ data: ModelVersion[]; hasMore: boolean }> =>
  router.bus.call(listModelVersions, { projectId, modelId, limit: 20, order: 'asc', ...page });
const numbers = async (page?: Page): Promise<string[]> => (await list(page)).data.map(({ version }) => version);
const latest = async (): Promise<string> =>
  (await router.bus.call(getCatalogueModel, { projectId, modelId })).latest.version;
const promote = (version: string, by = projectId): Promise<ModelVersion> =>
  router.bus.call(promoteModelVersion, { context: contextOf(by), modelId, version });
const rollBack = (from?: string, by = projectId): Promise<ModelVersion> =>
  router.bus.call(rollbackModel, { context: contextOf(by), modelId, ...(from !== undefined && { from }) });
const remove = (version: string, by = projectId): Promise<ModelVersion> =>
  router.bus.call(deleteModelVersion, { context: contextOf(by), modelId, version });

describe('registering', () => {
  it('creates a model with the version 1.0.0, which is the latest', async () => {
    const versionId = randomUUID();
    const registration = { versionId, name: 'first', versionNotes: 'A start' };
    const { model, version } = await router.register(projectId, registration);
    expect(model.id).toMatch(/^model_[0-9a-f]{24}$/);
    expect(model).toMatchObject({ name: 'first', isOwn: true, role: 'private', tags: [], workloadTypes: [] });
    expect(model.latest).toEqual(version);
    expect(version).toEqual({
      ...{ id: versionId, modelId: model.id, version: '1.0.0', isLatest: true, notes: 'A start' },
      ...{ bytes: 4_571_712, fileCount: 1, createdAt: expect.any(Number) as number },
      facts: {
        ...{ format: 'gguf', architecture: 'llama', contextLength: 8_192 },
        ...{ parameterCount: 4_295_424, quantization: 'Q8_0' },
      },
    });
  });

  it('keeps what decides how much memory it takes', async () => {
    const shape: ModelShape = {
      ...{ architecture: 'llama', kind: 'decoder', heads: 4, weightBytes: 100, warnings: [] },
      caches: [{ kind: 'attention', layers: 2, kvHeads: 1, keySize: 64, valueSize: 64, window: 128 }],
    };
    const facts = { format: 'gguf', architecture: 'llama', parameterCount: 50, quantization: 'Q8_0' } as const;
    const registration = { facts: { ...facts, shape } };
    expect((await router.register(projectId, registration)).version.facts).toEqual(registration.facts);
    expect((await router.register(projectId, { facts })).version.facts).toEqual(facts);
    const wrong = { ...facts, shape: { ...shape, weightBytes: -1 } };
    await expect(router.register(projectId, { facts: wrong })).rejects.toThrow();
  });

  it('adds a version to the model of this name: the next patch, or the one that is wanted', async () => {
    expect((await router.register(projectId)).model.id).toBe(modelId);
    await router.register(projectId, { version: '2.0.0-rc.1' });
    await router.register(projectId);
    await router.register(projectId, { version: '1.10.0' });
    await router.register(projectId);
    expect(await numbers()).toEqual(['1.0.0', '1.0.1', '2.0.0-rc.1', '2.0.0', '1.10.0', '2.0.1']);
    expect(await latest()).toBe('2.0.1');
  });

  it('returns the same for the same version id, however often and whatever has become of the pointer', async () => {
    const registration = { versionId: randomUUID(), version: '3.0.0' };
    const results = await Promise.all([1, 2, 3].map(() => router.register(projectId, registration)));
    expect(new Set(results.map(({ version }) => JSON.stringify(version))).size).toBe(1);
    await promote('1.0.0');
    expect((await router.register(projectId, registration)).version).toMatchObject({ version: '3.0.0' });
    expect(await latest()).toBe('1.0.0');
    expect(await numbers()).toEqual(['1.0.0', '3.0.0']);
  });

  it('creates one model for concurrent first versions of a name', async () => {
    const results = await Promise.all([1, 2, 3].map(() => router.register(projectId, { name: 'same' })));
    expect(new Set(results.map(({ model }) => model.id)).size).toBe(1);
    expect(results.map(({ version }) => version.version).sort()).toEqual(['1.0.0', '1.0.1', '1.0.2']);
  });

  it('rejects another version with a number that is there', async () => {
    await expect(router.register(projectId, { version: '1.0.0' })).rejects.toMatchObject({
      code: 'model.version_exists',
      param: 'version',
      details: { version: '1.0.0' },
    });
    expect(await numbers()).toEqual(['1.0.0']);
  });

  it('leaves the pointer alone if told so, except for the first version', async () => {
    await router.register(projectId, { promote: false });
    expect(await latest()).toBe('1.0.0');
    expect((await router.register(projectId, { name: 'new', promote: false })).version.isLatest).toBe(true);
  });

  it('does not bring back a version that was deleted', async () => {
    const versionId = randomUUID();
    await router.register(projectId, { versionId, promote: false });
    await remove(versionId);
    await expect(router.register(projectId, { versionId })).rejects.toMatchObject(UNKNOWN_VERSION);
    expect(await numbers()).toEqual(['1.0.0']);
  });

  it('keeps projects apart, with the same name and the same version id', async () => {
    const other = aProject();
    const versionId = randomUUID();
    const mine = await router.register(projectId, { versionId });
    const theirs = await router.register(other, { versionId });
    expect(theirs.model.id).not.toBe(mine.model.id);
    expect(theirs.version.version).toBe('1.0.0');
  });

  it.each(['', '../x', 'a/b/c', 'a b', '-a', 'x'.repeat(129), 'ä'])('rejects the name %j', async (name) => {
    await expect(router.register(projectId, { name })).rejects.toMatchObject({ code: 'bus.unreadable' });
  });

  it.each(['1', '1.0', '01.0.0', '1.0.0+build', 'v1.0.0', '1.0.9999999999'])(
    'rejects the version %j',
    async (version) => {
      await expect(router.register(projectId, { version })).rejects.toMatchObject({ code: 'bus.unreadable' });
    },
  );
});

describe('the list of versions', () => {
  it('has pages in both orders', async () => {
    for (const _ of [1, 2]) await router.register(projectId);
    const { data, hasMore } = await list({ limit: 2 });
    expect([data.map(({ version }) => version), hasMore]).toEqual([['1.0.0', '1.0.1'], true]);
    expect(await numbers({ after: data[1]?.id ?? '' })).toEqual(['1.0.2']);
    expect(await numbers({ order: 'desc', limit: 1 })).toEqual(['1.0.2']);
  });

  it('rejects an unknown cursor', async () => {
    await expect(list({ after: randomUUID() })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});

describe('promoting', () => {
  const shortFacts = { format: 'gguf', architecture: 'llama', parameterCount: 1, quantization: 'F16' } as const;

  it('moves the pointer, which the catalogue of requests follows', async () => {
    const context = async (): Promise<number | undefined> => {
      const { models } = await router.bus.call(routerContract.operations.getModels, { ids: [modelId] });
      return models[0]?.contextTokens;
    };
    await router.register(projectId, { facts: { ...shortFacts, contextLength: 512 } });
    expect([await latest(), await context()]).toEqual(['1.0.1', 512]);
    expect(await promote('1.0.0')).toMatchObject({ version: '1.0.0', isLatest: true });
    expect([await latest(), await context()]).toEqual(['1.0.0', 8_192]);
    expect((await list()).data.filter(({ isLatest }) => isLatest)).toHaveLength(1);
  });

  it('works by the id of a version, and changes nothing for the latest one', async () => {
    const { version } = await router.register(projectId, { promote: false });
    expect(await promote(version.id)).toMatchObject({ version: '1.0.1' });
    expect(await promote('1.0.1')).toMatchObject({ isLatest: true });
    expect(await rollBack()).toMatchObject({ version: '1.0.0' });
  });

  it('rejects an unknown version, and that of another model', async () => {
    const { version } = await router.register(projectId, { name: 'other', version: '7.0.0' });
    for (const key of ['9.9.9', randomUUID(), 'nonsense', version.id, '7.0.0'])
      await expect(promote(key)).rejects.toMatchObject(UNKNOWN_VERSION);
  });
});

describe('rolling back', () => {
  it('goes to the version that was the latest one before, and further if repeated', async () => {
    for (const _ of [1, 2]) await router.register(projectId);
    await promote('1.0.1');
    expect(await rollBack()).toMatchObject({ version: '1.0.2' });
    expect(await rollBack()).toMatchObject({ version: '1.0.0' });
    await expect(rollBack()).rejects.toMatchObject({ code: 'model.rollback_rejected' });
    expect(await latest()).toBe('1.0.0');
  });

  it('does not go back twice if it says from where', async () => {
    for (const _ of [1, 2]) await router.register(projectId);
    expect(await rollBack('1.0.2')).toMatchObject({ version: '1.0.1' });
    await expect(rollBack('1.0.2')).rejects.toMatchObject({ code: 'model.rollback_rejected', param: 'from' });
    expect(await latest()).toBe('1.0.1');
  });

  it('skips versions that were deleted, or never were the latest one', async () => {
    await router.register(projectId);
    await router.register(projectId, { promote: false });
    await router.register(projectId);
    await remove('1.0.1');
    expect(await rollBack()).toMatchObject({ version: '1.0.0' });
  });
});

describe('a version that is larger than the endpoints with the model may serve', () => {
  const TOO_LARGE = { code: 'endpoint.model_too_large', details: { bytes: 5_000_000, bytesMax: 4_999_999 } };
  const limited = { slugs: ['chat'], own: 1, foreign: 0, bytesMax: 4_999_999 };
  const larger = { bytes: 5_000_000 };

  it('is registered, but does not become the latest one', async () => {
    router.uses.set(modelId, limited);
    expect((await router.register(projectId, larger)).version).toMatchObject({ version: '1.0.1', isLatest: false });
    await expect(promote('1.0.1')).rejects.toMatchObject(TOO_LARGE);
    expect((await router.register(projectId, { bytes: 4_999_999 })).version.isLatest).toBe(true);
    router.uses.delete(modelId);
    expect(await promote('1.0.1')).toMatchObject({ isLatest: true });
  });

  it('is not rolled back to', async () => {
    await router.register(projectId, larger);
    await router.register(projectId);
    router.uses.set(modelId, limited);
    await expect(rollBack()).rejects.toMatchObject(TOO_LARGE);
    expect(await latest()).toBe('1.0.2');
  });
});

describe('deleting a version', () => {
  it('frees its bytes', async () => {
    const { version } = await router.register(projectId, { promote: false });
    expect(await remove('1.0.1')).toMatchObject({ id: version.id });
    expect(await numbers()).toEqual(['1.0.0']);
    await eventually('the files service is told', () =>
      router.removed.some(({ versionId }) => versionId === version.id),
    );
    expect(router.removed).toContainEqual({ projectId, versionId: version.id });
    await expect(remove('1.0.1')).rejects.toMatchObject(UNKNOWN_VERSION);
  });

  it('is rejected for the latest one', async () => {
    await router.register(projectId);
    await expect(remove('1.0.1')).rejects.toMatchObject({ code: 'model.version_in_use' });
    expect(await numbers()).toEqual(['1.0.0', '1.0.1']);
  });

  it('deletes the model with the only one, unless it is used', async () => {
    router.uses.set(modelId, { slugs: ['chat'], own: 1, foreign: 0, bytesMax: null });
    await expect(remove('1.0.0')).rejects.toMatchObject({ code: 'model.in_use' });
    router.uses.delete(modelId);
    await remove('1.0.0');
    await expect(latest()).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('another project', () => {
  it('neither sees nor changes versions, also of a shared model', async () => {
    await router.register(projectId);
    const other = aProject();
    const attempts = async (): Promise<void> => {
      const page = { projectId: other, modelId, limit: 20, order: 'asc' } as const;
      await expect(router.bus.call(listModelVersions, page)).rejects.toMatchObject(NOT_FOUND);
      await expect(promote('1.0.0', other)).rejects.toMatchObject(NOT_FOUND);
      await expect(rollBack(undefined, other)).rejects.toMatchObject(NOT_FOUND);
      await expect(remove('1.0.0', other)).rejects.toMatchObject(NOT_FOUND);
    };
    await attempts();
    await router.bus.call(modelsContract.operations.shareModel, { context: contextOf(projectId), modelId });
    await attempts();
    expect(await numbers()).toEqual(['1.0.0', '1.0.1']);
    expect(await latest()).toBe('1.0.1');
  });
});
