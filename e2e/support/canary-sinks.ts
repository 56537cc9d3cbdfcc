/** Where the data of a tenant could be found by others: files, Redis, tables and the bus. Each function returns findings. */
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import pg from 'pg';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Texts to look for, with a name for each. */
export type Needles = Readonly<Record<string, string>>;

/** Returns the files below a folder that contain one of the texts. */
export async function inFiles(folder: string, needles: Needles, except: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || except.some((excepted) => path.startsWith(excepted))) continue;
    // Servers replace their files meanwhile.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    for (const [name, text] of Object.entries(needles)) if (bytes.includes(text)) found.push(`${name} in ${path}`);
  }
  return found;
}

/** Returns the keys of Redis whose name or value contains one of the texts. */
export async function inRedis(url: string, needles: Needles): Promise<{ keys: number; found: string[] }> {
  const redis = connectRedis({ url, name: 'test', log: silentLog() });
  try {
    await once(redis, 'ready');
    const keys = await redis.keys('*');
    const contents = await Promise.all(keys.map(async (key) => `${key} ${JSON.stringify(await valueOf(redis, key))}`));
    return { keys: keys.length, found: contents.flatMap((content) => namesIn(content, needles)) };
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: RedisClient, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'zset':
      return redis.zrange(key, 0, -1);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'none':
      return undefined;
    default:
      throw new Error(`unexpected type of the key ${key}: ${type}`);
  }
}

/** Returns the rows that belong to a project, but contain the text of another one. @param canaries by project. */
export async function inForeignRows(url: string, canaries: Needles): Promise<{ rows: number; found: string[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.columns
       JOIN information_schema.tables USING (table_schema, table_name)
       WHERE column_name = 'project_id' AND table_type = 'BASE TABLE'`,
    );
    const found: string[] = [];
    let rows = 0;
    for (const { name } of tables) {
      const { rows: contents } = await client.query<{ project: string | null; content: string }>(
        `SELECT project_id::text AS project, row_to_json(t)::text AS content FROM ${name} t`,
      );
      rows += contents.length;
      for (const { project, content } of contents)
        for (const owner of namesIn(content, canaries))
          if (owner !== project) found.push(`${owner} in ${name}, a row of ${project}`);
    }
    return { rows, found };
  } finally {
    await client.end();
  }
}

export function namesIn(content: string, needles: Needles): string[] {
  return Object.entries(needles).flatMap(([name, text]) => (content.includes(text) ? [name] : []));
}
