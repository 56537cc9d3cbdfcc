/** Idempotency keys of a service on a real PostgreSQL. */
import { openDatabase, withEveryTenant, withTenant } from '@xerotier/db';
import { differencesFromEntities, isolationOfTables } from '@xerotier/db/testing';
import { silentLog } from '@xerotier/log/testing';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { createIdempotencyKeyTable, dropIdempotencyKeyTable } from './idempotency-key-table.ts';
import { IdempotencyKey } from './idempotency-key.entity.ts';
import { IdempotencyKeysPurge } from './idempotency-keys-purge.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import type { KeyedRequest } from './idempotency-keys.ts';

class CreateNotes1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createIdempotencyKeyTable(runner, 'notes');
    await runner.query('CREATE TABLE notes.note (project text NOT NULL, body text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE notes.note');
    await dropIdempotencyKeyTable(runner, 'notes');
  }
}

const servers = testServers('postgres');
const masterKey = randomBytes(32);
let database: DataSource;

beforeAll(async () => {
  database = await openDatabase({
    url: servers.postgres.url,
    schema: 'notes',
    applicationName: 'test',
    entities: [IdempotencyKey],
    migrations: [CreateNotes1795132800000],
    poolMax: 10,
    log: silentLog(),
  });
});
beforeEach(() => database.query('TRUNCATE notes.note, notes.idempotency_key'));
afterAll(() => database?.destroy());

const keysOf = (...keys: [Buffer, ...Buffer[]]): IdempotencyKeys =>
  new IdempotencyKeys(new SecretBox(new MasterKeys(...keys)));
const keys = keysOf(masterKey);

interface Note {
  readonly body: string;
  readonly secret: string;
}

async function insertNote(manager: EntityManager, project: string, body: string): Promise<Note> {
  await manager.query('INSERT INTO notes.note VALUES ($1, $2)', [project, body]);
  return { body, secret: randomBytes(8).toString('hex') };
}

/** Adds a note, with the key `k` unless it says another. */
function add(
  body: string,
  { idempotencyKey = 'k', projectId = 'proj_1', actor = 'key_1', operation = 'addNote', using = keys } = {},
): Promise<Note> {
  const request: KeyedRequest = { context: { projectId, actor, idempotencyKey }, operation, input: { body } };
  return withTenant(database, projectId, (manager) =>
    using.once(manager, request, () => insertNote(manager, projectId, body)),
  );
}

async function notes(): Promise<string[]> {
  const rows = await database.query<{ body: string }[]>('SELECT body FROM notes.note ORDER BY body');
  return rows.map(({ body }) => body);
}

/** As of this long ago. */
async function age(interval: string, where = 'true'): Promise<void> {
  await withEveryTenant(database, (manager) =>
    manager.query(`UPDATE notes.idempotency_key SET created_at = now() - interval '${interval}' WHERE ${where}`),
  );
}

describe('once', () => {
  it('does the work of repeated requests once, with one result', async () => {
    const first = await add('a');
    expect(await add('a')).toEqual(first);
    expect(await notes()).toEqual(['a']);
  });

  it('does the work of each request without a key', async () => {
    const context = { projectId: 'proj_1', actor: 'key_1' };
    const request: KeyedRequest = { context, operation: 'addNote', input: { body: 'a' } };
    for (const _ of [1, 2])
      await withTenant(database, 'proj_1', (manager) =>
        keys.once(manager, request, () => insertNote(manager, 'proj_1', 'a')),
      );
    expect(await notes()).toEqual(['a', 'a']);
  });

  it('does the work of concurrent requests once, with one result', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => add('a')));
    expect(new Set(results.map(({ secret }) => secret)).size).toBe(1);
    expect(await notes()).toEqual(['a']);
  });

  it('lets a concurrent request do the work after a rollback', async () => {
    const claimed = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const context = { projectId: 'proj_1', actor: 'key_1', idempotencyKey: 'k' };
    const failing = withTenant(database, 'proj_1', (manager) =>
      keys.once(manager, { context, operation: 'addNote', input: { body: 'a' } }, async () => {
        await insertNote(manager, 'proj_1', 'a');
        claimed.resolve();
        await release.promise;
        throw new Error('no');
      }),
    );
    await claimed.promise;
    const waiting = add('a');
    release.resolve();
    await expect(failing).rejects.toThrow('no');
    expect(await waiting).toMatchObject({ body: 'a' });
    expect(await notes()).toEqual(['a']);
  });

  it.each([
    ['another input', () => add('b')],
    ['another operation', () => add('a', { operation: 'addDraft' })],
    ['another caller', () => add('a', { actor: 'key_2' })],
  ])('rejects the key of another request: %s', async (_, another) => {
    await add('a');
    await expect(another()).rejects.toMatchObject({ code: 'idempotency.key_reused' });
    expect(await notes()).toEqual(['a']);
  });

  it('compares the content of inputs, not the order of their properties', async () => {
    const request = (input: unknown): KeyedRequest => ({
      context: { projectId: 'proj_1', actor: { kind: 'key', id: '1' }, idempotencyKey: 'k' },
      operation: 'addNote',
      input,
    });
    const run = (input: unknown): Promise<string> =>
      withTenant(database, 'proj_1', (manager) => keys.once(manager, request(input), async () => 'first'));
    await run({ a: 1, b: 2 });
    expect(await run({ b: 2, a: 1 })).toBe('first');
  });

  it('keeps the keys of projects apart', async () => {
    await add('a');
    expect(await add('b', { projectId: 'proj_2' })).toMatchObject({ body: 'b' });
  });

  it('is free again after a day', async () => {
    await add('a');
    await age('25 hours');
    expect(await add('b')).toMatchObject({ body: 'b' });
    await expect(add('a')).rejects.toMatchObject({ code: 'idempotency.key_reused' });
  });

  it('stores no result in clear text', async () => {
    const { secret } = await add('a');
    const rows = await withTenant(database, 'proj_1', (manager) => manager.find(IdempotencyKey));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.result?.includes(secret)).toBe(false);
  });

  it('returns results that are sealed with an earlier master key, while it is known', async () => {
    const previous = randomBytes(32);
    const first = await add('a', { using: keysOf(previous) });
    expect(await add('a', { using: keysOf(masterKey, previous) })).toEqual(first);
    await expect(add('a', { using: keysOf(masterKey) })).rejects.toThrow('master key');
  });
});

describe('the purge', () => {
  it('deletes keys after a day, of all projects, whatever the size of a transaction', async () => {
    const purge = new IdempotencyKeysPurge(database, silentLog());
    for (const [at, idempotencyKey] of ['one', 'two', 'three', 'recent'].entries())
      await add('a', { idempotencyKey, projectId: `proj_${at}` });
    await age('24 hours 1 second', "key <> 'recent'");
    await add('b', { idempotencyKey: 'one', projectId: 'proj_9' });
    expect(await purge.purge(2)).toBe(3);
    expect(await purge.purge(2)).toBe(0);
    const left = await withEveryTenant(database, (manager) => manager.find(IdempotencyKey));
    expect(left.map(({ key }) => key).sort()).toEqual(['one', 'recent']);
  });
});

describe('the table', () => {
  it('is that of the entity, with forced row-level security', async () => {
    expect(await differencesFromEntities(database, ['note'])).toEqual([]);
    expect(await isolationOfTables(database)).toEqual([
      { table: 'idempotency_key', isForced: true, policies: ['platform_access', 'tenant_isolation'] },
    ]);
  });

  it('is dropped as it was created', async () => {
    await database.undoLastMigration();
    const left = await database.query<unknown[]>("SELECT FROM pg_tables WHERE tablename = 'idempotency_key'");
    expect(left).toEqual([]);
    await database.runMigrations();
  });
});
