/** The secrets of an embedded stack: made at the first start, kept between starts, readable by their owner only. */
import { generateApiKey } from '@xerotier/api-keys';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { StateDir } from './project-paths.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly managementKey: string;
  readonly keyPepper: string;
  readonly responsesMasterKey: string;
}

/** @throws {Error} that says what to do when the file of an earlier start cannot be used. */
export async function loadCredentials(state: StateDir, projectSlug: string): Promise<Credentials> {
  const text = await readFile(state.credentialsFile, 'utf8').catch(() => undefined);
  const kept = text === undefined ? undefined : parseCredentials(text, state.credentialsFile);
  if (isComplete(kept)) return kept;
  const credentials = {
    apiKey: generateApiKey(projectSlug),
    managementKey: generateApiKey(projectSlug),
    keyPepper: randomBytes(32).toString('hex'),
    ...kept,
    responsesMasterKey: randomBytes(32).toString('base64'),
  };
  await mkdir(state.root, { recursive: true, mode: 0o700 });
  await writeFile(state.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  return credentials;
}

/** A stack from before completions were stored has no key for them, and none that needs one. */
type KeptCredentials = Omit<Credentials, 'responsesMasterKey'> & Partial<Credentials>;

function isComplete(kept: KeptCredentials | undefined): kept is Credentials {
  return kept?.responsesMasterKey !== undefined;
}

function parseCredentials(text: string, path: string): KeptCredentials {
  try {
    const { apiKey, managementKey, keyPepper, responsesMasterKey } = JSON.parse(text) as Partial<
      Record<keyof Credentials, unknown>
    >;
    if (typeof apiKey === 'string' && typeof managementKey === 'string' && typeof keyPepper === 'string') {
      return {
        apiKey,
        managementKey,
        keyPepper,
        ...(typeof responsesMasterKey === 'string' && { responsesMasterKey }),
      };
    }
  } catch {
    // Cut off or edited: the same advice as for one with a field missing.
  }
  throw new Error(`${path} does not hold the keys of this stack. To begin anew, without its data: npm run reset`);
}
