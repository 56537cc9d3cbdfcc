import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAlive, isRunning, isServerIn, mentionsDir, startMark } from './process-identity.ts';

describe('mentionsDir', () => {
  it('matches the folder itself, a file in it, and both after an equals sign', () => {
    expect(mentionsDir(['nats-server', '-c', '/data/nats/nats.conf'], '/data/nats')).toBe(true);
    expect(mentionsDir(['--dir=/data/nats'], '/data/nats')).toBe(true);
    expect(mentionsDir(['nats-server -c /data/nats/nats.conf'], '/data/nats')).toBe(true);
  });

  it('does not match a longer name or the end of another path', () => {
    expect(mentionsDir(['/data/nats-old/nats.conf'], '/data/nats')).toBe(false);
    expect(mentionsDir(['/backup/data/nats'], '/data/nats')).toBe(false);
  });
});

describe('the state of a process', () => {
  const stat = (state: string, threads: number): string[] => [state, ...Array<string>(16).fill('0'), String(threads)];

  it.each([
    ['S', 1, true],
    ['Z', 1, false],
    ['X', 0, false],
    ['Z', 2, true],
  ])('%s with %i threads means that it is running: %p', (state, threads, expected) => {
    expect(isRunning(stat(state, threads))).toBe(expected);
  });
});

describe('a process', () => {
  it('is alive and keeps its start mark until it exits', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    expect(await isAlive(pid)).toBe(true);
    expect(await startMark(pid)).toBe(await startMark(pid));
    expect(await startMark(pid)).not.toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isAlive(pid)).toBe(false);
    expect(await startMark(pid)).toBeNull();
  });

  it('is identified as a server by its name and folder', async () => {
    const dir = await realpath(tmpdir());
    const child = spawn('sleep', ['60'], { cwd: dir });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    try {
      // On macOS the folder is read from the command line, which does not contain it here.
      if (process.platform === 'linux') expect(await isServerIn(pid, 'sleep', dir)).toBe(true);
      expect(await isServerIn(pid, 'nats-server', dir)).toBe(false);
      expect(await isServerIn(pid, 'sleep', `${dir}/elsewhere`)).toBe(false);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
