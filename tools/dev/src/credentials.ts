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

/** @throws {Error} that says what to do when the file of an earlier start cannot be used. */
export async function loadCredentials(state: StateDir, projectSlug: string): Promise<Credentials> {
  const kept = await readFile(state.credentialsFile, 'utf8').catch(() => undefined);
  if (kept !== undefined) return parseCredentials(kept, state.credentialsFile);
  const credentials = {
    apiKey: generateApiKey(projectSlug),
    managementKey: generateApiKey(projectSlug),
    keyPepper: randomBytes(32).toString('hex'),
  };
  await mkdir(state.root, { recursive: true, mode: 0o700 });
  await writeFile(state.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return credentials;
}

function parseCredentials(text: string, path: string): Credentials {
  try {
    const { apiKey, managementKey, keyPepper } = JSON.parse(text) as Partial<Record<keyof Credentials, unknown>>;
    if (typeof apiKey === 'string' && typeof managementKey === 'string' && typeof keyPepper === 'string')
      return { apiKey, managementKey, keyPepper };
  } catch {
    // Cut off or edited: the same advice as for one with a field missing.
  }
  throw new Error(`${path} does not hold the keys of this stack. To begin anew, without its data: npm run reset`);
}
