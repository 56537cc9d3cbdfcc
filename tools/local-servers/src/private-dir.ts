import { createHash } from 'node:crypto';
import { lstat, lutimes, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Not /tmp, which is emptied at boot. */
const BASE_DIR = '/var/tmp';

/** Name of a file in a private folder, with the path of the folder that it stands in for. */
export const OWNER_FILE = 'belongs-to';

/**
 * Returns the folder that stands in for `dir` when the user of a server has no access to `dir`, such as a project in a
 * closed home folder. Its name is derived from `dir`, so that it is found again and can be removed together with it.
 */
export function privateDirFor(dir: string): string {
  const hash = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 20);
  return join(BASE_DIR, `xerotier-${hash}`);
}

/**
 * Creates `privateDirFor(dir)`. Any user may create folders in its parent, so an existing one is used only when it is a
 * real folder of this user that others cannot write to; anything else is an error.
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
    throw new Error(`${path} was not created by this user, or is writable by others. Remove it.`);
  }
  await writeFile(join(path, OWNER_FILE), owner, { mode: 0o600 });
  return path;
}

/**
 * Marks everything in a private folder as recently used. Systems with systemd remove files in /var/tmp that were not
 * used for 30 days, one by one, which would remove the unused part of a database.
 */
export async function keepFromAgeing(privateDir: string): Promise<void> {
  const now = new Date();
  const names = await readdir(privateDir, { recursive: true });
  await lutimes(privateDir, now, now);
  for (const name of names) {
    await lutimes(join(privateDir, name), now, now).catch((error: NodeJS.ErrnoException) => {
      // Removed since the listing.
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
