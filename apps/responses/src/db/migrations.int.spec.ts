import 'reflect-metadata';
import { openDatabase } from '@xerotier/db';
import { differencesFromEntities, isolationOfTables } from '@xerotier/db/testing';
import { silentLog } from '@xerotier/log/testing';
import { runCommand } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { testServers } from '@xerotier/testing';
import { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';
import { database as definition } from './database.ts';

const servers = testServers('postgres');

function open(migrateOnStart: boolean): Promise<DataSource> {
  return openDatabase({ ...definition, url: servers.postgres.url, poolMax: 2, migrateOnStart, log: silentLog() });
}

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const output = { write: (line: string) => (text += line) };
  const code = await runCommand({ name: 'responses', commands: [migrateCommand(definition)] }, args, {
    env: { DATABASE_URL: servers.postgres.url },
    stdin: Readable.from([]),
    stdout: output,
    stderr: output,
  });
  return { code, text };
}

describe('the migrations', () => {
  it('are required by a service that does not run them', async () => {
    await expect(open(false)).rejects.toThrow('migrate');
    expect(await run('migrate')).toMatchObject({ code: 0 });
    await (await open(false)).destroy();
  });

  it('force row-level security on every table with rows of projects', async () => {
    const database = await open(true);
    expect(await isolationOfTables(database)).toEqual([
      { table: 'completion', isForced: true, policies: ['tenant_isolation'] },
      { table: 'conversation', isForced: true, policies: ['tenant_isolation'] },
      { table: 'conversation_item', isForced: true, policies: ['tenant_isolation'] },
      { table: 'data_key', isForced: true, policies: ['platform_access', 'tenant_isolation'] },
      { table: 'idempotency_key', isForced: true, policies: ['platform_access', 'tenant_isolation'] },
      { table: 'item', isForced: true, policies: ['tenant_isolation'] },
      { table: 'response', isForced: true, policies: ['platform_access', 'tenant_isolation'] },
      { table: 'response_event', isForced: true, policies: ['platform_access', 'tenant_isolation'] },
      { table: 'response_item', isForced: true, policies: ['tenant_isolation'] },
    ]);
    await database.destroy();
  });

  it('match the entities', async () => {
    const database = await open(true);
    expect(await differencesFromEntities(database, ['inbox', 'outbox'])).toEqual([]);
    await database.destroy();
  });

  it('can be reverted completely and run again', async () => {
    const database = await open(true);
    const tables = (): Promise<unknown[]> =>
      database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'responses' AND tablename <> 'migrations'");
    for (const _ of database.migrations) await database.undoLastMigration();
    expect(await tables()).toEqual([]);
    expect(await run('migrate')).toMatchObject({ code: 0 });
    expect(await tables()).toHaveLength(11);
    await database.destroy();
  });
});

describe('a command', () => {
  it('prints the usage when unknown, or for invalid arguments', async () => {
    for (const args of [['seed'], ['migrate', 'now'], ['toString']]) {
      expect(await run(...args)).toMatchObject({ code: 2, text: expect.stringContaining('usage:') });
    }
  });
});
