import { migrateDatabase, openDatabase } from '@xerotier/db';
import { differencesFromEntities, isolationOfTables } from '@xerotier/db/testing';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { database as definition } from './database.ts';

const servers = testServers('postgres');
let database: Awaited<ReturnType<typeof openDatabase>>;

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
    expect(tables.filter(({ isForced, policies }) => !isForced || policies.length === 0)).toEqual([]);
  });

  it('can be reverted completely and run again', async () => {
    for (const _ of database.migrations) await database.undoLastMigration();
    const tables = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'batch'");
    expect(tables).toEqual([{ tablename: 'migrations' }]);
    await migrateDatabase({ ...definition, url: servers.postgres.url, log: silentLog() });
    expect(await differencesFromEntities(database, ['inbox', 'outbox'])).toEqual([]);
  });
});
