import { openDatabase } from '@xerotier/db';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { database as definition } from '../db/database.ts';
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
  models = new ModelsService(new ModelsRepository(database.getRepository(ModelEntity)), captured.log);
});

function aModel(overrides: Partial<NewModel> = {}): NewModel {
  return { id: 'tiny', name: 'org/tiny', ownedBy: 'us', contextTokens: 2_048, ...overrides };
}

async function names(...ids: string[]): Promise<string[]> {
  return (await models.get(ids)).map((model) => model.name).sort();
}

describe('get', () => {
  it('answers with the models that were asked for, each once, and no others', async () => {
    await models.enter([aModel({ id: 'a', name: 'A' }), aModel({ id: 'b', name: 'B' }), aModel({ id: 'c' })]);
    expect(await names('b', 'a', 'b')).toEqual(['A', 'B']);
  });

  it('tells everything of a model, with its time in Unix seconds', async () => {
    await models.enter([aModel({ contextTokens: 1_000_000 })]);
    const before = await database.query<{ at: number }[]>(
      'SELECT floor(extract(epoch FROM created_at))::float8 AS at FROM router.model',
    );
    expect(await models.get(['tiny'])).toEqual([
      { id: 'tiny', name: 'org/tiny', ownedBy: 'us', contextTokens: 1_000_000, createdAt: before[0]?.at },
    ]);
  });

  it('leaves out what is not in the catalogue', async () => {
    await models.enter([aModel()]);
    expect(await names('none', 'tiny')).toEqual(['org/tiny']);
    expect(await names()).toEqual([]);
  });

  it('fails with db.unavailable while the database is away', async () => {
    await servers.postgres.stop();
    await expect(models.get(['tiny'])).rejects.toMatchObject({ code: 'db.unavailable' });
    await servers.postgres.restart();
    await expect(models.get(['tiny'])).resolves.toEqual([]);
  });
});

describe('enter', () => {
  it('changes a model that exists and keeps when it was made', async () => {
    await models.enter([aModel()]);
    await database.query("UPDATE router.model SET created_at = '2020-01-01T00:00:00Z'");
    await models.enter([aModel({ name: 'renamed', ownedBy: 'them', contextTokens: 4_096 })]);
    expect(await models.get(['tiny'])).toEqual([
      { id: 'tiny', name: 'renamed', ownedBy: 'them', contextTokens: 4_096, createdAt: Date.UTC(2020, 0, 1) / 1_000 },
    ]);
  });

  it('takes back what is no longer said', async () => {
    await models.enter([aModel()]);
    const { contextTokens: _, ...unsaid } = aModel();
    await models.enter([unsaid]);
    expect((await models.get(['tiny']))[0]).not.toHaveProperty('contextTokens');
  });

  it('leaves other models alone, and does nothing for none', async () => {
    await models.enter([aModel({ id: 'other', name: 'Other' })]);
    await models.enter([aModel()]);
    await models.enter([]);
    expect(await names('other', 'tiny')).toEqual(['Other', 'org/tiny']);
  });
});

describe('noteAdvertised', () => {
  it('adds a model that nobody described under its id', async () => {
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await models.get(['new'])).toMatchObject([{ id: 'new', name: 'new', ownedBy: 'local', contextTokens: 512 }]);
  });

  it('adds one whose worker does not know how much it takes, and nobody has to guess', async () => {
    await models.noteAdvertised({ modelId: 'new' });
    const [model] = await models.get(['new']);
    expect(model).toMatchObject({ id: 'new', name: 'new' });
    expect(model).not.toHaveProperty('contextTokens');
  });

  it('learns the context when a worker comes to know it, and keeps the first', async () => {
    await models.noteAdvertised({ modelId: 'new' });
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    await new ModelsService(new ModelsRepository(database.getRepository(ModelEntity)), silentLog()).noteAdvertised({
      modelId: 'new',
      contextTokens: 4_096,
    });
    expect(await models.get(['new'])).toMatchObject([{ contextTokens: 512 }]);
  });

  it('leaves a model that is there as it is', async () => {
    await models.enter([aModel()]);
    await models.noteAdvertised({ modelId: 'tiny', contextTokens: 1 });
    expect(await models.get(['tiny'])).toMatchObject([{ name: 'org/tiny', contextTokens: 2_048 }]);
  });

  it('asks the database once for each model', async () => {
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    await database.query('DELETE FROM router.model');
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await names('new')).toEqual([]);
  });

  it('does not fail while the database is away, and tries again later', async () => {
    await servers.postgres.stop();
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(captured.text()).toContain('could not be entered');
    await servers.postgres.restart();
    await models.noteAdvertised({ modelId: 'new', contextTokens: 512 });
    expect(await names('new')).toEqual(['new']);
  });
});
