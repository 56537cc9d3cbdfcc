/** The secrets of an embedded stack: made at the first start, kept between starts, readable by their owner only. */
import { generateApiKey } from '@xerotier/api-keys';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { StateDir } from './project-paths.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly managementKey: string;
  readonly keyPepper: string;
}

export async function loadCredentials(state: StateDir, projectSlug: string): Promise<Credentials> {
  const kept = await readFile(state.credentialsFile, 'utf8').catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Credentials;
  const credentials = {
    apiKey: generateApiKey(projectSlug),
    managementKey: generateApiKey(projectSlug),
    keyPepper: randomBytes(32).toString('hex'),
  };
  await mkdir(state.root, { recursive: true, mode: 0o700 });
  await writeFile(state.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return credentials;
}
