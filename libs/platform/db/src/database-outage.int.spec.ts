import { capturedLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { UniqueViolation, withDbErrors } from './db-errors.ts';
import { isDatabaseReachable, openDatabase } from './open-database.ts';

const UNAVAILABLE = { code: 'db.unavailable' };

const servers = testServers('postgres');
let database: DataSource;
let captured: ReturnType<typeof capturedLog>;

beforeEach(async () => {
  captured = capturedLog();
  database = await openDatabase({
    url: servers.postgres.url,
    schema: 'outage',
    applicationName: 'test',
    entities: [],
    migrations: [],
    poolMax: 2,
    connectTimeoutMs: 500,
    statementTimeoutMs: 1_000,
    log: captured.log,
  });
});

afterEach(() => database.destroy());

function losses(): number {
  return captured.lines().filter((line) => String(line['msg']).startsWith('database connection lost')).length;
}

function query<T = unknown>(sql: string, parameters: unknown[] = []): Promise<T> {
  return withDbErrors(() => database.query<T>(sql, parameters));
}

describe('a database outage', () => {
  it('fails queries with db.unavailable, and recovers after a kill and a restart', async () => {
    const running = query('SELECT pg_sleep(0.9)');
    const failed = expect(running).rejects.toMatchObject(UNAVAILABLE);
    await query('SELECT 1');
    await servers.postgres.kill('SIGKILL');
    await failed;
    // The session of the idle connection outlives its killed server for a moment.
    await eventually('the idle connection breaks', () => losses() > 0);
    await expect(query('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
    expect(await isDatabaseReachable(database)).toBe(false);

    await servers.postgres.restart();
    await expect(query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(losses()).toBe(1);
  });

  it('rolls back the interrupted transaction and discards its connection', async () => {
    await query('CREATE TABLE outage.broken (id integer)');
    const broken = withDbErrors(() =>
      database.transaction(async (manager) => {
        await manager.query('INSERT INTO outage.broken VALUES (1)');
        await manager.query('SELECT pg_terminate_backend(pg_backend_pid())');
        await manager.query('INSERT INTO outage.broken VALUES (2)');
      }),
    );
    await expect(broken).rejects.toMatchObject(UNAVAILABLE);
    await expect(query('SELECT * FROM outage.broken')).resolves.toEqual([]);
  });

  it('drops a connection whose server does not respond', async () => {
    const [row] = await query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
    const pid = row?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(query('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
      const [next] = await query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      expect(next?.pid).not.toBe(pid);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('timeouts', () => {
  it('cancels a statement that exceeds its timeout', async () => {
    await expect(query('SELECT pg_sleep(3)')).rejects.toMatchObject(UNAVAILABLE);
  });

  it('lets a shorter statement finish', async () => {
    await expect(query('SELECT pg_sleep(0.1)')).resolves.toHaveLength(1);
  });

  it('rejects a query when no connection becomes free in time', async () => {
    const holding = [query('SELECT pg_sleep(0.8)'), query('SELECT pg_sleep(0.8)')];
    await expect(query('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
    await Promise.all(holding);
  });
});

describe('constraint violations', () => {
  it('names the violated constraint', async () => {
    await query('CREATE TABLE outage.taken (id integer CONSTRAINT taken_id_key UNIQUE)');
    await query('INSERT INTO outage.taken VALUES ($1)', [1]);
    const second = query('INSERT INTO outage.taken VALUES ($1)', [1]);
    await expect(second).rejects.toBeInstanceOf(UniqueViolation);
    await expect(second).rejects.toMatchObject({ constraint: 'taken_id_key' });
  });

  it('passes a syntax error through', async () => {
    await expect(query('SELEKT 1')).rejects.toThrow(/syntax error/);
  });
});
