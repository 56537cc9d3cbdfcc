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
    expect(await differencesFromEntities(database)).toEqual([]);
  });

  it('create no table with rows of projects, which would need row-level security', async () => {
    expect(await isolationOfTables(database)).toEqual([]);
  });

  it('can be reverted completely and run again', async () => {
    const tables = async (): Promise<unknown[]> =>
      database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'router' AND tablename <> 'migrations'");
    for (const _ of database.migrations) await database.undoLastMigration();
    expect(await tables()).toEqual([]);
    await migrateDatabase({ ...definition, url: servers.postgres.url, log: silentLog() });
    expect(await tables()).toEqual([{ tablename: 'model' }]);
  });
});
