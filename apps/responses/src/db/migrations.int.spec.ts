import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import type { DataSource } from 'typeorm';
import { runCommand } from '../commands/run-command.ts';
import { openResponsesDatabase } from './database.ts';

const servers = testServers('postgres');

function open(migrateOnStart: boolean): Promise<DataSource> {
  return openResponsesDatabase({ url: servers.postgres.url, poolMax: 2, migrateOnStart }, silentLog());
}

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runCommand(args, {
    env: { DATABASE_URL: servers.postgres.url },
    stderr: { write: (line) => (text += line) },
  });
  return { code, text };
}

describe('the migrations', () => {
  it('are what a service that must not run them waits for', async () => {
    await expect(open(false)).rejects.toThrow('migrate');
    expect(await run('migrate')).toMatchObject({ code: 0 });
    await (await open(false)).destroy();
  });

  it('build tables that the entities fit', async () => {
    const database = await open(true);
    for (const { target } of database.entityMetadatas) await database.getRepository(target).find({ take: 1 });
    expect(database.entityMetadatas.map(({ tableName }) => tableName).sort()).toEqual(['completion', 'data_key']);
    await database.destroy();
  });

  it('leave no table behind when they are undone, and can be done again', async () => {
    const database = await open(true);
    const tables = (): Promise<unknown[]> =>
      database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'responses' AND tablename <> 'migrations'");
    for (const _ of database.migrations) await database.undoLastMigration();
    expect(await tables()).toEqual([]);
    expect(await run('migrate')).toMatchObject({ code: 0 });
    expect(await tables()).toHaveLength(2);
    await database.destroy();
  });
});

describe('a command', () => {
  it('that does not exist, or gets what it does not take, is answered with the usage', async () => {
    for (const args of [['seed'], ['migrate', 'now'], ['toString']]) {
      expect(await run(...args)).toMatchObject({ code: 2, text: expect.stringContaining('usage:') });
    }
  });
});
