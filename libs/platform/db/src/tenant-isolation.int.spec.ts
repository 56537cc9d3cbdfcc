/**
 * Row-level security on a real PostgreSQL, for a login that bypasses policies (as in development) and for one that does
 * not.
 */
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import type { DataSource, EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { openDatabase } from './open-database.ts';
import { disableTenantIsolation, enableTenantIsolation, withEveryTenant, withTenant } from './tenant-isolation.ts';

class CreateNotes1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { schema } = runner.connection.options as { schema: string };
    for (const table of ['note', 'open_note', 'platform_note']) {
      await runner.query(`
        CREATE TABLE ${schema}.${table} (
          id bigint GENERATED ALWAYS AS IDENTITY,
          project_id text NOT NULL,
          body text NOT NULL,
          PRIMARY KEY (project_id, id)
        )`);
    }
    await enableTenantIsolation(runner, { schema, table: 'note' });
    await enableTenantIsolation(runner, { schema, table: 'platform_note', forPlatform: true });
  }

  async down(runner: QueryRunner): Promise<void> {
    const { schema } = runner.connection.options as { schema: string };
    for (const table of ['note', 'platform_note']) await disableTenantIsolation(runner, { schema, table });
    await runner.query(`DROP TABLE ${schema}.note, ${schema}.open_note, ${schema}.platform_note`);
  }
}

const servers = testServers('postgres');
let opened: DataSource[] = [];
afterEach(async () => {
  await Promise.all(opened.map((database) => database.destroy()));
  opened = [];
});

async function open(url: string, schema: string): Promise<DataSource> {
  const database = await openDatabase({
    url,
    schema,
    applicationName: 'test',
    entities: [],
    migrations: [CreateNotes1795132800000],
    // One connection, so that each transaction reuses the connection of the previous one.
    poolMax: 1,
    log: silentLog(),
  });
  opened.push(database);
  return database;
}

/** A login without special privileges that owns its schema. */
async function ordinaryLogin(): Promise<string> {
  const admin = await open(servers.postgres.url, 'admin_notes');
  await admin.query(`
    DO $$ BEGIN CREATE ROLE ordinary LOGIN PASSWORD 'ordinary'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  await admin.query('GRANT CREATE ON DATABASE xerotier TO ordinary');
  const url = new URL(servers.postgres.url);
  url.username = 'ordinary';
  url.password = 'ordinary';
  return url.href;
}

const logins: [string, string, () => Promise<string> | string][] = [
  ['a superuser', 'super_notes', () => servers.postgres.url],
  ['the owner of the table', 'owner_notes', ordinaryLogin],
];

describe.each(logins)('a table with tenant isolation, for %s', (_, schema, urlOf) => {
  let database: DataSource;
  beforeEach(async () => {
    database = await open(await urlOf(), schema);
    for (const project of ['a', 'b']) {
      await withTenant(database, project, async (manager) => {
        for (const table of ['note', 'platform_note']) {
          await manager.query(`DELETE FROM ${schema}.${table}`);
          await write(manager, project, `of ${project}`, table);
        }
      });
    }
  });

  async function write(manager: EntityManager, project: string, body: string, table = 'note'): Promise<void> {
    await manager.query(`INSERT INTO ${schema}.${table} (project_id, body) VALUES ($1, $2)`, [project, body]);
  }

  async function bodies(manager: EntityManager, table = 'note'): Promise<string[]> {
    const rows = await manager.query<{ body: string }[]>(`SELECT body FROM ${schema}.${table} ORDER BY body`);
    return rows.map(({ body }) => body);
  }

  it('returns only own rows of the tenant, whatever the query', async () => {
    expect(await withTenant(database, 'a', (manager) => bodies(manager))).toEqual(['of a']);
    expect(await withTenant(database, 'b', (manager) => bodies(manager))).toEqual(['of b']);
    expect(await withTenant(database, 'c', (manager) => bodies(manager))).toEqual([]);
    const named = `SELECT body FROM ${schema}.note WHERE project_id = 'b'`;
    expect(await withTenant(database, 'a', (manager) => manager.query(named))).toEqual([]);
  });

  it('rejects writing, changing, deleting or reassigning rows of other tenants', async () => {
    await expect(withTenant(database, 'a', (manager) => write(manager, 'b', 'forged'))).rejects.toThrow(
      'row-level security',
    );
    await expect(
      withTenant(database, 'a', (manager) => manager.query(`UPDATE ${schema}.note SET project_id = 'b'`)),
    ).rejects.toThrow('row-level security');
    await withTenant(database, 'a', async (manager) => {
      await manager.query(`UPDATE ${schema}.note SET body = 'changed' WHERE project_id = 'b'`);
      await manager.query(`DELETE FROM ${schema}.note WHERE project_id = 'b'`);
    });
    expect(await withTenant(database, 'b', (manager) => bodies(manager))).toEqual(['of b']);
  });

  it('restricts statements that do not wait for each other', async () => {
    const [one, other] = await withTenant(database, 'a', (manager) => Promise.all([bodies(manager), bodies(manager)]));
    expect([one, other]).toEqual([['of a'], ['of a']]);
  });

  it('runs nothing when it cannot be restricted, and says why', async () => {
    // PostgreSQL has no text with this character.
    const unrestricted = withTenant(database, '\0', (manager) => write(manager, 'a', 'unrestricted'));
    await expect(unrestricted).rejects.toThrow('invalid byte sequence');
    expect(await withTenant(database, 'a', (manager) => bodies(manager))).toEqual(['of a']);
  });

  it('leaves no tenant state on the connection after a commit or a rollback', async () => {
    const state = `SELECT nullif(current_setting('app.project_id', true), '') AS tenant, current_user = session_user AS own`;
    const clean = [{ tenant: null, own: true }];
    await withTenant(database, 'a', (manager) => bodies(manager));
    expect(await database.query(state)).toEqual(clean);
    const failing = withTenant(database, 'a', async (manager) => {
      await write(manager, 'a', 'rolled back');
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    expect(await database.query(state)).toEqual(clean);
    expect(await withTenant(database, 'a', (manager) => bodies(manager))).toEqual(['of a']);
  });

  it('does not restrict other tables in the same transaction', async () => {
    await withTenant(database, 'a', (manager) => write(manager, 'b', 'open', 'open_note'));
    expect(await withTenant(database, 'a', (manager) => bodies(manager, 'open_note'))).toContain('open');
  });

  it('returns the rows of all tenants with withEveryTenant, if the table allows it', async () => {
    expect(await withEveryTenant(database, (manager) => bodies(manager, 'platform_note'))).toEqual(['of a', 'of b']);
    expect(await withEveryTenant(database, (manager) => bodies(manager))).toEqual([]);
    await withEveryTenant(database, (manager) => write(manager, 'a', 'second of a', 'platform_note'));
    const forbidden = withEveryTenant(database, (manager) => write(manager, 'a', 'second of a'));
    await expect(forbidden).rejects.toThrow('row-level security');
    // One tenant sees its own rows only in such a table too.
    const own = await withTenant(database, 'a', (manager) => bodies(manager, 'platform_note'));
    expect(own).toEqual(['of a', 'second of a']);
  });

  it('leaves no state of withEveryTenant on the connection after a commit or a rollback', async () => {
    const seenByC = (): Promise<string[]> => withTenant(database, 'c', (manager) => bodies(manager, 'platform_note'));
    await withEveryTenant(database, (manager) => bodies(manager, 'platform_note'));
    expect(await seenByC()).toEqual([]);
    await expect(withEveryTenant(database, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await seenByC()).toEqual([]);
    const [state] = await database.query<{ own: boolean; every: string | null }[]>(
      "SELECT current_user = session_user AS own, nullif(current_setting('app.every_project', true), '') AS every",
    );
    expect(state).toEqual({ own: true, every: null });
  });

  it('rejects an empty project id', async () => {
    await expect(withTenant(database, '', (manager) => bodies(manager))).rejects.toThrow(RangeError);
  });
});

describe('without isolation', () => {
  it('the owner of an isolated table can read and write nothing outside withTenant', async () => {
    const database = await open(await ordinaryLogin(), 'owner_notes');
    await withTenant(database, 'a', async (manager) => {
      await manager.query("INSERT INTO owner_notes.note (project_id, body) VALUES ('a', 'x')");
    });
    expect(await database.query('SELECT * FROM owner_notes.note')).toEqual([]);
    const writing = database.query("INSERT INTO owner_notes.note (project_id, body) VALUES ('a', 'y')");
    await expect(writing).rejects.toThrow('row-level security');
  });

  it('a table without a policy returns all rows', async () => {
    const database = await open(await ordinaryLogin(), 'owner_notes');
    for (const project of ['a', 'b'])
      await database.query('INSERT INTO owner_notes.open_note (project_id, body) VALUES ($1, $1)', [project]);
    const seen = await withTenant(database, 'a', (manager) =>
      manager.query<unknown[]>('SELECT DISTINCT project_id FROM owner_notes.open_note'),
    );
    expect(seen).toHaveLength(2);
  });

  it('names that are not plain identifiers are rejected', async () => {
    const runner = (await open(servers.postgres.url, 'super_notes')).createQueryRunner();
    const target = { schema: 'super_notes', table: 'note; DROP TABLE note' };
    await expect(enableTenantIsolation(runner, target)).rejects.toThrow(RangeError);
    await runner.release();
  });
});
