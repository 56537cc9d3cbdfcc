import { createHash } from 'node:crypto';
import { lstat, lutimes, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Not /tmp, which is emptied when the machine starts. */
const BASE_DIR = '/var/tmp';

/** In a private folder, holds the path of the folder that it stands in for. */
export const OWNER_FILE = 'belongs-to';

/**
 * The folder that stands in for `dir` when a user that a server runs as cannot reach `dir`, such as a project under a
 * closed home folder. Named after `dir`, so that it is found again and can be removed together with it.
 */
export function privateDirFor(dir: string): string {
  const hash = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 20);
  return join(BASE_DIR, `xerotier-${hash}`);
}

/**
 * Makes `privateDirFor(dir)`. Anybody may make folders in its parent under any name, so one that exists is used only
 * when it is a real folder, ours, and closed to others for writing; anything else is an error.
 */
export async function ensurePrivateDir(dir: string): Promise<string> {
  const owner = await realpath(dir);
  const path = privateDirFor(owner);
  await mkdir(path, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  if (!isOurs) {
    throw new Error(`${path} is in the way: it was not made by this user, or others may write to it. Remove it.`);
  }
  await writeFile(join(path, OWNER_FILE), owner, { mode: 0o600 });
  return path;
}

/**
 * Marks everything in a private folder as used today. Systems with systemd remove what lies in /var/tmp untouched for
 * 30 days, file by file, which would take the quiet half of a database.
 */
export async function keepFromAgeing(privateDir: string): Promise<void> {
  const now = new Date();
  const names = await readdir(privateDir, { recursive: true });
  await lutimes(privateDir, now, now);
  for (const name of names) {
    await lutimes(join(privateDir, name), now, now).catch((error: NodeJS.ErrnoException) => {
      // Gone since it was listed.
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
