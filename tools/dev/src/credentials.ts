/** The secrets of an embedded stack: made at the first start, kept between starts, readable by their owner only. */
import { generateApiKey } from '@xerotier/api-keys';
import { writeAtomic } from '@xerotier/local-servers';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import type { StateDir } from './project-paths.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly managementKey: string;
  readonly keyPepper: string;
  readonly responsesMasterKey: string;
}

/** The keys of the demo project, by the names that they have in the database. */
export const KEY_NAMES = { apiKey: 'demo', managementKey: 'demo management' } as const;

/** Gives the keys of these names other values, for good: the ones they had were revoked or rotated. */
export async function replaceKeys(
  state: StateDir,
  projectSlug: string,
  kept: Credentials,
  names: readonly string[],
): Promise<Credentials> {
  const ended = (Object.keys(KEY_NAMES) as (keyof typeof KEY_NAMES)[]).filter((key) => names.includes(KEY_NAMES[key]));
  const credentials = { ...kept, ...Object.fromEntries(ended.map((key) => [key, generateApiKey(projectSlug)])) };
  await writeCredentials(state, credentials);
  return credentials;
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
  await writeCredentials(state, credentials);
  return credentials;
}

function writeCredentials(state: StateDir, credentials: Credentials): Promise<void> {
  return writeAtomic(state.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`);
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
