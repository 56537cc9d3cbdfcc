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
  return captured.lines().filter((line) => String(line['msg']).startsWith('the connection to the database broke'))
    .length;
}

function ask<T = unknown>(sql: string, parameters: unknown[] = []): Promise<T> {
  return withDbErrors(() => database.query<T>(sql, parameters));
}

describe('a database that goes away', () => {
  it('fails queries with db.unavailable, and answers again after a kill and a restart', async () => {
    const running = ask('SELECT pg_sleep(0.9)');
    const failed = expect(running).rejects.toMatchObject(UNAVAILABLE);
    await ask('SELECT 1');
    await servers.postgres.kill('SIGKILL');
    await failed;
    // The session of the idle connection outlives its killed server for a moment.
    await eventually('the idle connection breaks', () => losses() > 0);
    await expect(ask('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
    expect(await isDatabaseReachable(database)).toBe(false);

    await servers.postgres.restart();
    await expect(ask('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(losses()).toBe(1);
  });

  it('undoes a transaction that it breaks, and lends its connection to nobody', async () => {
    await ask('CREATE TABLE outage.broken (id integer)');
    const broken = withDbErrors(() =>
      database.transaction(async (manager) => {
        await manager.query('INSERT INTO outage.broken VALUES (1)');
        await manager.query('SELECT pg_terminate_backend(pg_backend_pid())');
        await manager.query('INSERT INTO outage.broken VALUES (2)');
      }),
    );
    await expect(broken).rejects.toMatchObject(UNAVAILABLE);
    await expect(ask('SELECT * FROM outage.broken')).resolves.toEqual([]);
  });

  it('drops a connection whose server stays silent', async () => {
    const [row] = await ask<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
    const pid = row?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(ask('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
      const [next] = await ask<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      expect(next?.pid).not.toBe(pid);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('bounds', () => {
  it('ends a statement that runs too long', async () => {
    await expect(ask('SELECT pg_sleep(3)')).rejects.toMatchObject(UNAVAILABLE);
  });

  it('lets a shorter one finish', async () => {
    await expect(ask('SELECT pg_sleep(0.1)')).resolves.toHaveLength(1);
  });

  it('refuses a query that finds no free connection in time', async () => {
    const holding = [ask('SELECT pg_sleep(0.8)'), ask('SELECT pg_sleep(0.8)')];
    await expect(ask('SELECT 1')).rejects.toMatchObject(UNAVAILABLE);
    await Promise.all(holding);
  });
});

describe('violations', () => {
  it('names the constraint that a second row breaks', async () => {
    await ask('CREATE TABLE outage.taken (id integer CONSTRAINT taken_id_key UNIQUE)');
    await ask('INSERT INTO outage.taken VALUES ($1)', [1]);
    const second = ask('INSERT INTO outage.taken VALUES ($1)', [1]);
    await expect(second).rejects.toBeInstanceOf(UniqueViolation);
    await expect(second).rejects.toMatchObject({ constraint: 'taken_id_key' });
  });

  it('leaves a defect in the SQL a defect', async () => {
    await expect(ask('SELEKT 1')).rejects.toThrow(/syntax error/);
  });
});
