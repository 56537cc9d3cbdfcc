/** Templates of clusters: initialised once, and then copied. */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClusterDir } from './postgres-home.ts';
import type { PostgresHome } from './postgres-home.ts';
import type { Identity } from './reachability.ts';
import { runCommand } from './run-command.ts';

const COPY_TIMEOUT_MS = 60_000;

/**
 * Returns the folder of a template, which is created if it is missing. Another process may be creating it too: the first one to
 * finish provides it.
 * @param create initialises a cluster in the home that it gets.
 */
export async function clusterTemplate(
  templatesDir: string,
  name: string,
  identity: Identity | null,
  create: (home: PostgresHome) => Promise<void>,
): Promise<string> {
  const template = join(templatesDir, `${name.replaceAll(/[^\w.-]+/g, '_')}-${identity?.uid ?? 'own'}`);
  if (await exists(template)) return template;
  await mkdir(templatesDir, { recursive: true });
  // Not in the folder of templates, which the user that PostgreSQL runs as may have no access to.
  const parentDir = await mkdtemp(join(tmpdir(), 'xerotier-cluster-'));
  try {
    const home = { clusterDir: join(parentDir, 'cluster'), parentDir, identity };
    await makeClusterDir({ ...home, clusterDir: parentDir });
    await makeClusterDir(home);
    await create(home);
    const unfinished = await mkdtemp(join(templatesDir, '.unfinished-'));
    await copyCluster(home.clusterDir, unfinished);
    await rename(unfinished, template).catch(async (error: unknown) => {
      await rm(unfinished, { recursive: true });
      if (!(await exists(template))) throw error;
    });
  } finally {
    await rm(parentDir, { recursive: true, force: true });
  }
  return template;
}

/** Copies the content of a cluster with its owners and modes, which `cp` of Node does not. */
export async function copyCluster(from: string, to: string): Promise<void> {
  const options = { env: { PATH: process.env.PATH }, cwd: to, timeoutMs: COPY_TIMEOUT_MS };
  const result = await runCommand('cp', ['-Rp', `${from}/.`, to], options);
  if (result.code !== 0) throw new Error(`The cluster ${from} could not be copied: ${result.stderr.trim()}`);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
