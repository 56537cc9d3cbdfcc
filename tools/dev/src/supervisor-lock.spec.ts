import { eventually } from '@xerotier/testing';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateDirAt } from './project-paths.ts';
import type { StateDir } from './project-paths.ts';
import { holderOf, releaseLock, takeLock } from './supervisor-lock.ts';
import type { Holder } from './supervisor-lock.ts';

const ifLinux = process.platform === 'linux' ? it : it.skip; // reason: only there a test can make such a process

let folder: string;
let state: StateDir;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-lock-'));
  state = stateDirAt(join(folder, 'state'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function ownEntry(): Promise<Holder> {
  await takeLock(state);
  return JSON.parse(await readFile(state.lockFile, 'utf8')) as Holder;
}

/** Returns the id of a process that has exited. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('the lock of a state folder', () => {
  it('is acquired by the first process', async () => {
    expect(await holderOf(state)).toBeUndefined();
    expect(await takeLock(state)).toBeUndefined();
    expect(await holderOf(state)).toMatchObject({ pid: process.pid });
  });

  it('is not acquired again while its holder runs, and returns the holder', async () => {
    await takeLock(state);
    expect(await takeLock(state)).toMatchObject({ pid: process.pid });
  });

  it('is free again after a release', async () => {
    await takeLock(state);
    await releaseLock(state);
    expect(await holderOf(state)).toBeUndefined();
    expect(await takeLock(state)).toBeUndefined();
  });

  it('is readable by its owner only', async () => {
    await takeLock(state);
    expect((await stat(state.lockFile)).mode & 0o777).toBe(0o600);
  });

  it.each<[string, (own: Holder) => string]>([
    ['a process that was killed', (own) => JSON.stringify({ ...own, pid: deadPid() })],
    ['another process that had the same id', (own) => JSON.stringify({ ...own, startTime: '1' })],
    ['a process that was killed while writing', () => '{"pid":'],
    ['a process that was killed before writing', () => ''],
    ['invalid content', () => 'null'],
  ])('is replaced when it was left by %s', async (_, text) => {
    const own = await ownEntry();
    await writeFile(state.lockFile, text(own));
    expect(await holderOf(state)).toBeUndefined();
    expect(await takeLock(state)).toBeUndefined();
    expect(await holderOf(state)).toEqual(own);
    expect(await readdir(state.root)).toEqual(['supervisor.json']);
  });

  ifLinux('is replaced when it was left by a process that was not reaped', async () => {
    // The shell becomes a program that never reaps its child, which exits afterwards: common for the first process of a container.
    const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const fields = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      await eventually('it is a zombie', () => fields()[0] === 'Z');
      await mkdir(state.root);
      await writeFile(state.lockFile, JSON.stringify({ pid, startTime: fields()[19] }));
      expect(await holderOf(state)).toBeUndefined();
      expect(await takeLock(state)).toBeUndefined();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it.each(['fresh', 'left by a killed process'])(
    'when %s, is acquired by one of many concurrent processes',
    async (kind) => {
      for (let round = 0; round < 10; round += 1) {
        const own = await ownEntry();
        await releaseLock(state);
        if (kind !== 'fresh') await writeFile(state.lockFile, JSON.stringify({ ...own, pid: deadPid() }));
        const holders = await Promise.all(Array.from({ length: 20 }, () => takeLock(state)));
        expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
        await releaseLock(state);
      }
    },
  );

  it('throws at once when it cannot be written', async () => {
    const unwritable = { ...state, lockFile: join(state.root, 'missing', 'supervisor.json') };
    await expect(takeLock(unwritable)).rejects.toThrow('ENOENT');
  });
});
