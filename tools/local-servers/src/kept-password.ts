import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from './write-atomic.ts';

const FILE = 'password';

/**
 * Returns the password of a data folder's server: the given one, else that of the last run, else a new random one.
 * Stored in the folder with mode 0600, so that URLs stay valid between runs.
 */
export async function keepPassword(dataDir: string, given: string | undefined): Promise<string> {
  const path = join(dataDir, FILE);
  const kept = await readFile(path, 'utf8').catch(() => '');
  const password = given ?? (kept === '' ? randomBytes(18).toString('base64url') : kept);
  if (password === '' || /[\u0000-\u001f]/.test(password))
    throw new Error('Expected a password that is not empty and has no control characters');
  if (password !== kept) await writeAtomic(path, password);
  return password;
}
