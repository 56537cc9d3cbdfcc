import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readFile, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDataDir } from '../src/index.ts';
import { isAlive } from '../src/process-identity.ts';
import { Fixture, KINDS, eventually } from './fixture.ts';

const isRoot = process.getuid?.() === 0;
const ifRoot = isRoot ? it : it.skip;
const ifLinux = process.platform === 'linux' ? it : it.skip; // reason: only the Linux kernel signals the death of a parent

describe('a server whose parent process was killed', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  ifLinux.each(KINDS)('%s ends by itself', async (kind) => {
    const { pid } = await fixture.startOrphan(kind, true);
    await eventually(async () => !(await isAlive(pid)));
  });

  it.each(KINDS)('%s is stopped by the next start if still running, and its port is reused', async (kind) => {
    const orphan = await fixture.startOrphan(kind, false);
    expect(await isAlive(orphan.pid)).toBe(true);
    const server = await fixture.start(kind);
    expect(await isAlive(orphan.pid)).toBe(false);
    expect(server.port).toBe(orphan.port);
  });

  it('is stopped by removeDataDir', async () => {
    const { pid } = await fixture.startOrphan('redis', false);
    await removeDataDir(join(fixture.dir, 'redis'));
    expect(await isAlive(pid)).toBe(false);
    await expect(stat(join(fixture.dir, 'redis'))).rejects.toThrow('ENOENT');
  });
});

describe('a data folder in use', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  it.each(KINDS)('%s of a running process is not stopped', async (kind) => {
    const { child, line } = await fixture.startElsewhere(kind, true);
    const { pid } = JSON.parse(line) as { pid: number };
    try {
      await expect(fixture.start(kind)).rejects.toThrow(`is already running on ${join(fixture.dir, kind)}`);
      await expect(removeDataDir(join(fixture.dir, kind))).rejects.toThrow(`started by process ${child.pid}`);
      expect(await isAlive(pid)).toBe(true);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    if (process.platform === 'linux') await eventually(async () => !(await isAlive(pid)));
  });

  it('cannot be started twice by one process', async () => {
    await fixture.start('redis');
    await expect(fixture.start('redis')).rejects.toThrow('is already running');
  });

  it.each(KINDS)('%s: an unrelated process with a recycled id is not stopped', async (kind) => {
    const server = await fixture.start(kind);
    await server.kill('SIGKILL');
    const stranger = spawn('sleep', ['60']);
    await once(stranger, 'spawn');
    const recordPath = join(server.dataDir, 'server.json');
    const record = JSON.parse(await readFile(recordPath, 'utf8')) as object;
    await writeFile(
      recordPath,
      JSON.stringify({ ...record, pid: stranger.pid, supervisor: { pid: 1, startMark: 'x' } }),
    );
    if (kind === 'postgres') {
      const lockPath = join(server.dataDir, 'cluster/postmaster.pid');
      const lock = await readFile(lockPath, 'utf8');
      await writeFile(lockPath, lock.replace(/^\d+/, String(stranger.pid)));
    }
    try {
      const again = await fixture.start(kind);
      expect(again.pid).not.toBe(stranger.pid);
      expect(await isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe('PostgreSQL as root', () => {
  let fixture: Fixture;
  afterEach(() => fixture.close());

  ifRoot('keeps its data in the folder when the user it runs as can reach it', async () => {
    fixture = await Fixture.open(0o755);
    const { dataDir } = await fixture.start('postgres');
    expect((await lstat(join(dataDir, 'cluster'))).isDirectory()).toBe(true);
  });

  ifRoot('keeps its data elsewhere when not, and removeDataDir removes both', async () => {
    fixture = await Fixture.open(0o700);
    const server = await fixture.start('postgres');
    const elsewhere = await readlink(join(server.dataDir, 'cluster'));
    expect(elsewhere).toMatch(/^\/var\/tmp\/xerotier-\w+\/cluster$/);
    expect((await stat(elsewhere)).uid).toBe(65534);
    const privateDir = await realpath(join(elsewhere, '..'));
    expect((await stat(privateDir)).mode & 0o777).toBe(0o711);
    await server.stop();
    await removeDataDir(server.dataDir);
    await expect(stat(privateDir)).rejects.toThrow('ENOENT');
    await expect(stat(server.dataDir)).rejects.toThrow('ENOENT');
  });
});
