/**
 * Reservations of ports that a process has chosen but is not listening on yet. Concurrent test suites and stacks choose
 * from the same range, seconds before their servers listen, so each reserves its choice with a file that the others
 * see.
 */
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By then a server is listening, or has failed to. */
export const RESERVED_MS = 120_000;

const defaultFolder = join(tmpdir(), 'xerotier-ports');

/**
 * Reserves the port; returns false if another caller has it. Returns true where reservations cannot be stored: they
 * only prevent collisions.
 */
export async function reservePort(port: number, folder = defaultFolder, now = Date.now()): Promise<boolean> {
  const file = join(folder, String(port));
  try {
    await mkdir(folder, { recursive: true, mode: 0o777 });
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return true;
  }
  const reservedAt = (await stat(file).catch(() => undefined))?.mtimeMs ?? -Infinity;
  if (now - reservedAt < RESERVED_MS) return false;
  await utimes(file, now / 1_000, now / 1_000).catch(() => undefined);
  return true;
}
