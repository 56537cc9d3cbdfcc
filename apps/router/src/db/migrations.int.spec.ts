import { migrateDatabase, openDatabase } from '@xerotier/db';
import { differencesFromEntities, isolationOfTables } from '@xerotier/db/testing';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { database as definition } from './database.ts';

const servers = testServers('postgres');
let database: DataSource;

beforeEach(async () => {
  database = await openDatabase({ ...definition, url: servers.postgres.url, poolMax: 2, log: silentLog() });
});

afterEach(() => database.destroy());

describe('the migrations', () => {
  it('match the entities', async () => {
    expect(await differencesFromEntities(database, ['inbox', 'outbox'])).toEqual([]);
  });

  it('force row-level security on every table with rows of projects', async () => {
    const tables = await isolationOfTables(database);
    expect(tables.length).toBe(3);
    expect(tables.filter(({ isForced, policies }) => !isForced || policies.length === 0)).toEqual([]);
  });

  it('can be reverted completely and run again', async () => {
    const tables = async (): Promise<unknown[]> =>
      database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'router' AND tablename <> 'migrations'");
    for (const _ of database.migrations) await database.undoLastMigration();
    expect(await tables()).toEqual([]);
    await migrateDatabase({ ...definition, url: servers.postgres.url, log: silentLog() });
    expect(await tables()).toContainEqual({ tablename: 'model' });
  });
});
