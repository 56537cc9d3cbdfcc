import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { privateDirFor } from './private-dir.ts';
import type { ServerKind } from './programs.ts';
import { isRoot } from './reachability.ts';
import { readRecord, stopStale } from './run-record.ts';

/**
 * Creates a data folder and returns its path without symbolic links. `mode` applies to the folder alone: its parents
 * are created with the user's umask. Throws when it is the folder of another kind of server.
 */
export async function ensureDataDir(dir: string, kind: ServerKind, mode = 0o700): Promise<string> {
  if (process.platform === 'win32') throw new Error('Local servers do not run on Windows: use WSL 2.');
  await mkdir(dirname(resolve(dir)), { recursive: true });
  await mkdir(dir, { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const real = await realpath(dir);
  if (!isRoot()) await rejectForeignFiles(real);
  const found = (await readRecord(real))?.kind ?? kind;
  if (found !== kind) throw new Error(`${real} is the folder of a ${found} server and cannot be used for ${kind}`);
  return real;
}

/** After a run as root, an ordinary user would fail at some file, without a hint at the cause. */
async function rejectForeignFiles(dir: string): Promise<void> {
  const self = process.getuid?.();
  for (const path of [dir, ...(await readdir(dir)).map((name) => join(dir, name))]) {
    const owner = (await lstat(path)).uid;
    if (owner === self) continue;
    throw new Error(
      `${path} belongs to another user (uid ${owner}${owner === 0 ? ', so this was run as root before' : ''}). ` +
        `Run this as that user, or remove ${dir} as that user.`,
    );
  }
}

/**
 * Removes a data folder (or a cache folder) and data stored elsewhere on its behalf. A leftover server is stopped
 * first. Throws when one is running under a live process. Does nothing when the folder does not exist.
 */
export async function removeDataDir(dir: string): Promise<void> {
  const real = await realpath(dir).catch(() => resolve(dir));
  await stopStale(real, 2_000);
  await rm(privateDirFor(real), { recursive: true, force: true });
  await rm(real, { recursive: true, force: true });
}
