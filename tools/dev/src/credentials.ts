/**
 * The secrets of an embedded stack: generated at the first start, kept between starts, readable by their owner only.
 */
import { generateApiKey } from '@xerotier/api-keys';
import { writeAtomic } from '@xerotier/local-servers';
import { readRegistry } from '@xerotier/registry';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { StateDir } from './project-paths.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly managementKey: string;
  /** Secrets of the services (`secrets` in their project.json), by the name of their setting. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** The keys of the demo project, by their names in the database. */
export const KEY_NAMES = { apiKey: 'demo', managementKey: 'demo management' } as const;

/** Replaces keys of these names that were revoked or rotated. */
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

/**
 * Returns the credentials of this stack. Missing ones, such as the secret of a new service, are generated and stored.
 * @throws {Error} with advice when the file of an earlier start is unusable.
 */
export async function loadCredentials(state: StateDir, projectSlug: string): Promise<Credentials> {
  const text = await readFile(state.credentialsFile, 'utf8').catch(() => undefined);
  const kept = text === undefined ? undefined : parseCredentials(text, state.credentialsFile);
  const wanted = readRegistry().flatMap(({ secrets }) => secrets);
  const missing = wanted.filter((variable) => kept?.secrets[variable] === undefined);
  if (kept !== undefined && missing.length === 0) return kept;
  const made = Object.fromEntries(missing.map((variable) => [variable, randomBytes(32).toString('hex')]));
  const credentials = {
    apiKey: kept?.apiKey ?? generateApiKey(projectSlug),
    managementKey: kept?.managementKey ?? generateApiKey(projectSlug),
    secrets: { ...kept?.secrets, ...made },
  };
  await mkdir(state.root, { recursive: true, mode: 0o700 });
  await writeCredentials(state, credentials);
  return credentials;
}

function writeCredentials(state: StateDir, credentials: Credentials): Promise<void> {
  return writeAtomic(state.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`);
}

const keys = { apiKey: z.string(), managementKey: z.string() };

const credentialsFile = z.union([
  z.object({ ...keys, secrets: z.record(z.string(), z.string()) }),
  // Stacks of version 0.1 stored each secret under its own name; their data needs them.
  z
    .object({ ...keys, keyPepper: z.string(), responsesMasterKey: z.string().optional() })
    .transform(({ keyPepper, responsesMasterKey, ...rest }) => ({
      ...rest,
      secrets: {
        AUTH_KEY_PEPPER: keyPepper,
        ...(responsesMasterKey !== undefined && { RESPONSES_MASTER_KEY: responsesMasterKey }),
      },
    })),
]);

function parseCredentials(text: string, path: string): Credentials {
  try {
    return credentialsFile.parse(JSON.parse(text));
  } catch {
    // Truncated or edited: the same advice as for a missing field.
  }
  throw new Error(`${path} does not contain the keys of this stack. To start over without its data: npm run reset`);
}
