import { silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { openDatabase } from './open-database.ts';

const servers = testServers('postgres');
let database: DataSource;

beforeEach(async () => {
  database = await openDatabase({
    ...{ url: servers.postgres.url, schema: 'steady', applicationName: 'test', entities: [], migrations: [] },
    ...{ poolMax: 1, connectTimeoutMs: 1_000, statementTimeoutMs: 5_000, log: silentLog() },
  });
  await database.query('DROP TABLE IF EXISTS steady.entry');
  await database.query('CREATE TABLE steady.entry (id integer PRIMARY KEY, text text)');
});

afterEach(() => database.destroy());

const insert = (id: number): Promise<unknown> =>
  database.query('INSERT INTO steady.entry (id, text) VALUES ($1, $2)', [id, 'a']);

async function prepared(): Promise<string[]> {
  const rows = await database.query<{ statement: string }[]>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

describe('statements of a connection', () => {
  it('are prepared if they are used often', async () => {
    await Promise.all([insert(1), insert(2)]);
    expect(await prepared()).toEqual([]);
    await Promise.all([insert(3), insert(4)]);
    expect(await prepared()).toEqual(['INSERT INTO steady.entry (id, text) VALUES ($1, $2)']);
    expect(await database.query('SELECT count(*)::integer AS count FROM steady.entry')).toEqual([{ count: 4 }]);
  });

  it('go on as before after an error of one of them', async () => {
    for (const id of [1, 2, 3]) await insert(id);
    await expect(insert(3)).rejects.toMatchObject({ code: '23505' });
    await insert(4);
    expect(await prepared()).toHaveLength(1);
  });

  it('are prepared again when the transaction failed in which they would have been', async () => {
    const failing = database.transaction(async (manager) => {
      const [failed] = await Promise.allSettled([
        manager.query('SELECT no_such_column'),
        ...[1, 2, 3].map((id) => manager.query('INSERT INTO steady.entry (id) VALUES ($1)', [id])),
      ]);
      if (failed.status === 'rejected') throw failed.reason;
    });
    await expect(failing).rejects.toMatchObject({ code: '42703' });
    await database.query('INSERT INTO steady.entry (id) VALUES ($1)', [1]);
    expect(await prepared()).toContain('INSERT INTO steady.entry (id) VALUES ($1)');
  });

  it('run on a new connection after a change of their tables, which fails them once at most', async () => {
    const read = (): Promise<unknown> => database.query('SELECT * FROM steady.entry WHERE id = $1', [1]);
    await insert(1);
    for (let time = 0; time < 6; time += 1) await read();
    await database.query('ALTER TABLE steady.entry ADD COLUMN added integer');
    await expect(read()).rejects.toMatchObject({ code: '0A000' });
    await eventually('a new connection', () =>
      read().then(
        () => true,
        () => false,
      ),
    );
    expect(await read()).toEqual([{ id: 1, text: 'a', added: null }]);
  });
});
