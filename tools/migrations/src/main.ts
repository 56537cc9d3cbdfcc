/**
 * `npm run migration:generate -- <service> <name>`: writes the migration from the migrated schema of a service to that
 * of its entities, for review. Uses a temporary PostgreSQL, so it does not depend on existing data.
 */
import './swc-hooks.mjs';
import { openDatabase } from '@xerotier/db';
import type { DatabaseDefinition } from '@xerotier/db';
import { removeDataDir, resolveBinaries, startPostgres } from '@xerotier/local-servers';
import { createLogger } from '@xerotier/log';
import { serverCacheDir } from '@xerotier/testing';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { DataSource } from 'typeorm';
import { migrationSource } from './migration-source.ts';
import type { SchemaChange } from './migration-source.ts';

const root = resolve(import.meta.dirname, '../../..');

async function main([service = '', name = '', ...rest]: readonly string[]): Promise<number> {
  const definitionFile = join(root, 'apps', service, 'src/db/database.ts');
  if (!/^[a-z]+(-[a-z0-9]+)+$/.test(name) || rest.length > 0 || !existsSync(definitionFile)) {
    console.error('usage: npm run migration:generate -- <service with a database> <name-of-the-change>');
    return 2;
  }
  const { database } = (await import(definitionFile)) as { database: DatabaseDefinition };
  const change = await changeOf(database);
  if (change.up.length === 0) {
    console.log(`The migrations of ${service} match its entities: nothing to generate.`);
    return 0;
  }
  const timestamp = Date.now();
  const file = join('apps', service, 'src/db/migrations', `${timestamp}-${name}.ts`);
  const source = migrationSource(name, timestamp, change);
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), await format(source, { ...(await resolveConfig(file)), parser: 'typescript' }));
  console.log(
    `Wrote ${file}. Review it, state the reason in its comment, and append it to the list in apps/${service}/src/db/database.ts.`,
  );
  return 0;
}

async function changeOf(database: DatabaseDefinition): Promise<SchemaChange> {
  const dataDir = await mkdtemp(join(tmpdir(), 'xerotier-migration-'));
  const { postgres: binary } = await resolveBinaries({ cacheDir: serverCacheDir(), want: ['postgres'] });
  const access = { database: 'xerotier', user: 'xerotier', password: 'xerotier' };
  const postgres = await startPostgres({ binary, dataDir: join(dataDir, 'postgres'), ...access });
  let dataSource: DataSource | undefined;
  try {
    const log = createLogger({ service: 'migrations', level: 'silent' });
    dataSource = await openDatabase({ ...database, url: postgres.url, poolMax: 1, log });
    const { upQueries, downQueries } = await dataSource.driver.createSchemaBuilder().log();
    return { up: upQueries.map(({ query }) => query), down: downQueries.map(({ query }) => query).reverse() };
  } finally {
    await dataSource?.destroy();
    await postgres.stop();
    await removeDataDir(join(dataDir, 'postgres')).catch(() => undefined);
  }
}

process.exit(await main(process.argv.slice(2)));
