import { capturedLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { migrateDatabase } from './migrate.ts';
import { isDatabaseReachable, openDatabase } from './open-database.ts';
import type { OpenOptions } from './open-database.ts';

class CreateThing1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE first.thing (id integer PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE first.thing');
  }
}

class BreakHalfway1795132900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE first.half (id integer PRIMARY KEY)');
    await runner.query('SELECT no_such_column');
  }

  async down(): Promise<void> {}
}

const servers = testServers('postgres');
let opened: DataSource[];
let captured: ReturnType<typeof capturedLog>;

beforeEach(() => {
  opened = [];
  captured = capturedLog();
});

afterEach(async () => {
  for (const dataSource of opened) await dataSource.destroy();
  for (const schema of ['first', 'second', 'slow']) await query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
});

function options(overrides: Partial<OpenOptions> = {}): OpenOptions {
  return {
    url: servers.postgres.url,
    schema: 'first',
    applicationName: 'test',
    entities: [],
    migrations: [CreateThing1795132800000],
    poolMax: 2,
    log: captured.log,
    ...overrides,
  };
}

async function open(overrides: Partial<OpenOptions> = {}): Promise<DataSource> {
  const dataSource = await openDatabase(options(overrides));
  opened.push(dataSource);
  return dataSource;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const dataSource = await openDatabase(options({ schema: 'public', migrations: [] }));
  const rows = await dataSource.query<Record<string, unknown>[]>(sql);
  await dataSource.query('DROP TABLE IF EXISTS public.migrations');
  await dataSource.destroy();
  return rows;
}

async function tables(): Promise<string[]> {
  const rows = await query(
    "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('first', 'second') ORDER BY 1",
  );
  return rows.map((row) => String(row['name']));
}

describe('openDatabase', () => {
  it('creates the schema with its tables and the list of migrations', async () => {
    await open();
    expect(await tables()).toEqual(['first.migrations', 'first.thing']);
  });

  it('runs a migration once', async () => {
    await open();
    await open();
    expect(await query('SELECT name FROM first.migrations')).toEqual([{ name: 'CreateThing1795132800000' }]);
  });

  it('lets two services share a database', async () => {
    await open();
    await open({ schema: 'second', migrations: [] });
    expect(await tables()).toEqual(['first.migrations', 'first.thing', 'second.migrations']);
  });

  it('rolls back a failed migration and keeps those before it', async () => {
    const broken = open({ migrations: [CreateThing1795132800000, BreakHalfway1795132900000] });
    await expect(broken).rejects.toThrow('no_such_column');
    expect(await tables()).toEqual(['first.migrations', 'first.thing']);
  });

  it('rejects an outdated schema when migrations are off, and explains how to migrate', async () => {
    await expect(open({ migrateOnStart: false })).rejects.toThrow(/CreateThing1795132800000.*`migrate`/s);
    expect(await tables()).toEqual([]);
  });

  it('opens an up-to-date schema when migrations are off', async () => {
    await migrateDatabase(options());
    const dataSource = await open({ migrateOnStart: false });
    expect(await isDatabaseReachable(dataSource)).toBe(true);
  });

  it('rejects a schema name that contains SQL', async () => {
    await expect(open({ schema: 'x"; DROP SCHEMA public; --' })).rejects.toThrow(RangeError);
  });

  it('runs each migration once when processes start together', async () => {
    const run = promisify(execFile);
    const script = join(import.meta.dirname, '../test/migrate-process.ts');
    const start = (): Promise<{ stdout: string }> => run(process.execPath, [script, servers.postgres.url], { env: {} });
    const results = await Promise.all([start(), start(), start()]);
    expect(results.map((result) => result.stdout).sort()).toEqual(['0', '0', '1']);
  });
});

describe('openDatabase during an outage', () => {
  it('waits, logs it without the password, and opens once the database is up', async () => {
    await servers.postgres.stop();
    const opening = open();
    await delay(300);
    await servers.postgres.restart();
    expect(await isDatabaseReachable(await opening)).toBe(true);
    expect(captured.text()).toContain('database unreachable, retrying');
    expect(captured.text()).not.toContain(servers.postgres.password);
  });

  it('fails with db.unavailable after the wait', async () => {
    const url = 'postgres://somebody:something@127.0.0.1:9/nothing';
    await expect(open({ url, waitMs: 100 })).rejects.toMatchObject({ code: 'db.unavailable' });
  });

  it('fails at once when the login is rejected, and says what to check without the password', async () => {
    const url = new URL(servers.postgres.url);
    url.password = 'not-the-password';
    const opening = open({ url: url.href });
    await expect(opening).rejects.toThrow(/DATABASE_URL/);
    await expect(opening).rejects.not.toThrow(/not-the-password/);
  });
});
