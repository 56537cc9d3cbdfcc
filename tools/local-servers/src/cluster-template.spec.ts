import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterTemplate, copyCluster } from './cluster-template.ts';
import type { PostgresHome } from './postgres-home.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-templates-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function create({ clusterDir }: PostgresHome): Promise<void> {
  await writeFile(join(clusterDir, 'PG_VERSION'), '15');
  await chmod(join(clusterDir, 'PG_VERSION'), 0o600);
}

describe('clusterTemplate', () => {
  it('returns one template to concurrent callers, and leaves nothing else', async () => {
    const calls = Array.from({ length: 5 }, () => clusterTemplate(folder, '15.1 (Debian)-ann', null, create));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([join(folder, '15.1_Debian_-ann-own')]));
    expect(await readdir(folder)).toEqual(['15.1_Debian_-ann-own']);
  });

  it('creates it once, and one for each name', async () => {
    const created: string[] = [];
    for (const name of ['a', 'a', 'b'])
      await clusterTemplate(folder, name, null, async (home) => {
        created.push(name);
        await create(home);
      });
    expect(created).toEqual(['a', 'b']);
  });

  it('rejects when it cannot be created, and leaves nothing', async () => {
    const failing = clusterTemplate(folder, 'a', null, () => Promise.reject(new Error('initdb failed')));
    await expect(failing).rejects.toThrow('initdb failed');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('copyCluster', () => {
  it('copies files with their modes', async () => {
    const template = await clusterTemplate(folder, 'a', null, create);
    const copy = await mkdtemp(join(folder, 'copy-'));
    await copyCluster(template, copy);
    expect(await readFile(join(copy, 'PG_VERSION'), 'utf8')).toBe('15');
    expect((await stat(join(copy, 'PG_VERSION'))).mode & 0o777).toBe(0o600);
  });

  it('rejects with what cp reports', async () => {
    await expect(copyCluster(join(folder, 'missing'), folder)).rejects.toThrow('could not be copied: cp: ');
  });
});
