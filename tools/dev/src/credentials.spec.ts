import { hasValidChecksum, isKeyOfProject } from '@xerotier/api-keys';
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
  it('makes keys of the project, a pepper and a master key, all different', async () => {
    const { apiKey, managementKey, keyPepper, responsesMasterKey } = await loadCredentials(state, 'demo');
    for (const key of [apiKey, managementKey]) {
      expect(hasValidChecksum(key)).toBe(true);
      expect(isKeyOfProject(key, 'demo')).toBe(true);
    }
    expect(keyPepper).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(responsesMasterKey, 'base64')).toHaveLength(32);
    expect(new Set([apiKey, managementKey, keyPepper, responsesMasterKey]).size).toBe(4);
  });

  it('gives a stack of an earlier version what it lacks, and keeps what it has', async () => {
    const { responsesMasterKey: _, ...earlier } = await loadCredentials(state, 'demo');
    await writeFile(state.credentialsFile, JSON.stringify(earlier));
    const now = await loadCredentials(state, 'demo');
    expect(now).toEqual({ ...earlier, responsesMasterKey: expect.any(String) });
    expect(await loadCredentials(state, 'demo')).toEqual(now);
  });

  it('keeps them between starts', async () => {
    const first = await loadCredentials(state, 'demo');
    expect(await loadCredentials(state, 'demo')).toEqual(first);
  });

  it('makes others for another folder', async () => {
    const [one, two] = [await loadCredentials(state, 'demo'), await loadCredentials(stateDirAt(folder), 'demo')];
    expect(one.apiKey).not.toBe(two.apiKey);
    expect(one.keyPepper).not.toBe(two.keyPepper);
  });

  it('writes them for their owner only', async () => {
    await loadCredentials(state, 'demo');
    expect((await stat(state.credentialsFile)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{"apiKey":', '{}', 'null', '{"apiKey":"a","managementKey":"b"}'])(
    'says what to do about a file that holds %j',
    async (text) => {
      await loadCredentials(state, 'demo');
      await writeFile(state.credentialsFile, text);
      const failing = loadCredentials(state, 'demo');
      await expect(failing).rejects.toThrow(state.credentialsFile);
      await expect(failing).rejects.toThrow('npm run reset');
    },
  );
});
