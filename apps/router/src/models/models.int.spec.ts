import { openDatabase } from '@xerotier/db';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { database as definition } from '../db/database.ts';
import { UploadedModelsRepository } from '../uploaded-models/uploaded-models.repository.ts';
import { ModelEntity } from './model.entity.ts';
import { ModelsRepository } from './models.repository.ts';
import type { NewModel } from './models.repository.ts';
import { ModelsService } from './models.service.ts';

const servers = testServers('postgres');
let database: DataSource;
let models: ModelsService;
let captured: ReturnType<typeof capturedLog>;

beforeAll(async () => {
  database = await openDatabase({ ...definition, url: servers.postgres.url, poolMax: 2, log: silentLog() });
});

afterAll(() => database.destroy());

beforeEach(async () => {
  await database.query('DELETE FROM router.model');
  captured = capturedLog();
  models = new ModelsService(repository(), captured.log);
});

function repository(): ModelsRepository {
  return new ModelsRepository(database.getRepository(ModelEntity), new UploadedModelsRepository(database));
}

function aModel(overrides: Partial<NewModel> = {}): NewModel {
  return { id: 'tiny', name: 'org/tiny', ownedBy: 'us', contextTokens: 2_048, ...overrides };
}

async function names(...ids: string[]): Promise<string[]> {
  return (await models.get(ids)).map((model) => model.name).sort();
}

describe('get', () => {
  it('returns the requested models, each once', async () => {
    await models.upsert([aModel({ id: 'a', name: 'A' }), aModel({ id: 'b', name: 'B' }), aModel({ id: 'c' })]);
    expect(await names('b', 'a', 'b')).toEqual(['A', 'B']);
  });

  it('returns all fields of a model, with the time in Unix seconds', async () => {
    await models.upsert([aModel({ contextTokens: 1_000_000 })]);
    const before = await database.query<{ at: number }[]>(
      'SELECT floor(extract(epoch FROM created_at))::float8 AS at FROM router.model',
    );
    expect(await models.get(['tiny'])).toEqual([
      { id: 'tiny', name: 'org/tiny', ownedBy: 'us', contextTokens: 1_000_000, createdAt: before[0]?.at },
    ]);
  });

  it('omits unknown models', async () => {
    await models.upsert([aModel()]);
    expect(await names('none', 'tiny')).toEqual(['org/tiny']);
    expect(await names()).toEqual([]);
  });

  it('fails with db.unavailable during a database outage', async () => {
    await servers.postgres.stop();
    await expect(models.get(['tiny'])).rejects.toMatchObject({ code: 'db.unavailable' });
    await servers.postgres.restart();
    await expect(models.get(['tiny'])).resolves.toEqual([]);
  });
});

describe('upsert', () => {
  it('updates an existing model and keeps its creation time', async () => {
    await models.upsert([aModel()]);
    await database.query("UPDATE router.model SET created_at = '2020-01-01T00:00:00Z'");
    await models.upsert([aModel({ name: 'renamed', ownedBy: 'them', contextTokens: 4_096 })]);
    expect(await models.get(['tiny'])).toEqual([
      { id: 'tiny', name: 'renamed', ownedBy: 'them', contextTokens: 4_096, createdAt: Date.UTC(2020, 0, 1) / 1_000 },
    ]);
  });

  it('clears an omitted context size', async () => {
    await models.upsert([aModel()]);
    const { contextTokens: _, ...withoutContext } = aModel();
    await models.upsert([withoutContext]);
    expect((await models.get(['tiny']))[0]).not.toHaveProperty('contextTokens');
  });

  it('does not change other models, and accepts an empty list', async () => {
    await models.upsert([aModel({ id: 'other', name: 'Other' })]);
    await models.upsert([aModel()]);
    await models.upsert([]);
    expect(await names('other', 'tiny')).toEqual(['Other', 'org/tiny']);
  });
});

describe('registerAdvertised', () => {
  it('adds an unknown model under its id', async () => {
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await models.get(['new'])).toMatchObject([{ id: 'new', name: 'new', ownedBy: 'local', contextTokens: 512 }]);
  });

  it('adds a model without a context size when its worker does not report one', async () => {
    await models.registerAdvertised({ modelId: 'new' });
    const [model] = await models.get(['new']);
    expect(model).toMatchObject({ id: 'new', name: 'new' });
    expect(model).not.toHaveProperty('contextTokens');
  });

  it('stores the context size when a worker reports it later, and keeps the first', async () => {
    await models.registerAdvertised({ modelId: 'new' });
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    await new ModelsService(repository(), silentLog()).registerAdvertised({
      modelId: 'new',
      contextTokens: 4_096,
    });
    expect(await models.get(['new'])).toMatchObject([{ contextTokens: 512 }]);
  });

  it('does not change an existing model', async () => {
    await models.upsert([aModel()]);
    await models.registerAdvertised({ modelId: 'tiny', contextTokens: 1 });
    expect(await models.get(['tiny'])).toMatchObject([{ name: 'org/tiny', contextTokens: 2_048 }]);
  });

  it('queries the database once for each model', async () => {
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    await database.query('DELETE FROM router.model');
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await names('new')).toEqual([]);
  });

  it('does not fail during a database outage, and retries later', async () => {
    await servers.postgres.stop();
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(captured.text()).toContain('model registration failed');
    await servers.postgres.restart();
    await models.registerAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await names('new')).toEqual(['new']);
  });
});

describe('list', () => {
  const page = { limit: 2, order: 'asc' } as const;
  const idsOf = ({ data, hasMore }: Awaited<ReturnType<ModelsService['list']>>): [string[], boolean] => [
    data.map(({ id }) => id),
    hasMore,
  ];

  beforeEach(() => models.upsert(['c', 'a', 'b'].map((id) => aModel({ id, name: `org/${id}` }))));

  it('returns pages in both orders', async () => {
    expect(idsOf(await models.list(page))).toEqual([['a', 'b'], true]);
    expect(idsOf(await models.list({ ...page, after: 'b' }))).toEqual([['c'], false]);
    expect(idsOf(await models.list({ ...page, order: 'desc', after: 'c' }))).toEqual([['b', 'a'], false]);
  });

  it('finds a model by its name or id', async () => {
    expect(idsOf(await models.list({ ...page, named: 'org/b' }))).toEqual([['b'], false]);
    expect(idsOf(await models.list({ ...page, named: 'c' }))).toEqual([['c'], false]);
    expect(idsOf(await models.list({ ...page, named: 'none' }))).toEqual([[], false]);
  });
});
