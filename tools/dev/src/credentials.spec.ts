import { hasValidChecksum, isKeyOfProject } from '@xerotier/api-keys';
import { readRegistry } from '@xerotier/registry';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCredentials } from './credentials.ts';
import { stateDirAt } from './project-paths.ts';
import type { StateDir } from './project-paths.ts';

let folder: string;
let state: StateDir;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-credentials-'));
  state = stateDirAt(join(folder, 'state'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('loadCredentials', () => {
  it('generates project keys and the secrets of all services, all different', async () => {
    const { apiKey, managementKey, secrets } = await loadCredentials(state, 'demo');
    for (const key of [apiKey, managementKey]) {
      expect(hasValidChecksum(key)).toBe(true);
      expect(isKeyOfProject(key, 'demo')).toBe(true);
    }
    // Services may share a secret.
    const declared = new Set(readRegistry().flatMap((entry) => entry.secrets));
    expect(Object.keys(secrets).sort()).toEqual([...declared].sort());
    const values = Object.values(secrets);
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([apiKey, managementKey, ...values]).size).toBe(2 + values.length);
  });

  it('generates the secret of a new service, and keeps the others', async () => {
    const first = await loadCredentials(state, 'demo');
    const { RESPONSES_MASTER_KEY: _, ...secrets } = first.secrets;
    await writeFile(state.credentialsFile, JSON.stringify({ ...first, secrets }));
    const now = await loadCredentials(state, 'demo');
    expect(now).toEqual({ ...first, secrets: { ...secrets, RESPONSES_MASTER_KEY: expect.any(String) } });
    expect(await loadCredentials(state, 'demo')).toEqual(now);
  });

  it('reads the file of version 0.1', async () => {
    const { apiKey, managementKey } = await loadCredentials(state, 'demo');
    const earlier = { apiKey, managementKey, keyPepper: 'a'.repeat(64), responsesMasterKey: 'b'.repeat(43) };
    await writeFile(state.credentialsFile, JSON.stringify(earlier));
    const declared = readRegistry().flatMap((entry) => entry.secrets);
    const generated = Object.fromEntries(declared.map((name) => [name, expect.stringMatching(/^[0-9a-f]{64}$/)]));
    const kept = { AUTH_KEY_PEPPER: 'a'.repeat(64), RESPONSES_MASTER_KEY: 'b'.repeat(43) };
    expect(await loadCredentials(state, 'demo')).toEqual({ apiKey, managementKey, secrets: { ...generated, ...kept } });
  });

  it('keeps them between starts', async () => {
    const first = await loadCredentials(state, 'demo');
    expect(await loadCredentials(state, 'demo')).toEqual(first);
  });

  it('generates others for another folder', async () => {
    const [one, two] = [await loadCredentials(state, 'demo'), await loadCredentials(stateDirAt(folder), 'demo')];
    expect(one.apiKey).not.toBe(two.apiKey);
    expect(one.secrets).not.toEqual(two.secrets);
  });

  it('writes them readable by their owner only', async () => {
    await loadCredentials(state, 'demo');
    expect((await stat(state.credentialsFile)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{"apiKey":', '{}', 'null', '{"apiKey":"a","managementKey":"b"}'])(
    'explains what to do about a file that contains %j',
    async (text) => {
      await loadCredentials(state, 'demo');
      await writeFile(state.credentialsFile, text);
      const failing = loadCredentials(state, 'demo');
      await expect(failing).rejects.toThrow(state.credentialsFile);
      await expect(failing).rejects.toThrow('npm run reset');
    },
  );
});
