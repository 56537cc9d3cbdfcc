import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from './write-atomic.ts';

const FILE = 'password';

/**
 * The password of the server of a data folder: the given one, else that of the last run, else a new random one. Kept in
 * the folder with mode 0600, so that URLs stay true between runs.
 */
export async function keepPassword(dataDir: string, given: string | undefined): Promise<string> {
  const path = join(dataDir, FILE);
  const kept = await readFile(path, 'utf8').catch(() => '');
  const password = given ?? (kept === '' ? randomBytes(18).toString('base64url') : kept);
  if (password === '' || /[\u0000-\u001f]/.test(password))
    throw new Error('A password must not be empty or hold control characters');
  if (password !== kept) await writeAtomic(path, password);
  return password;
}
