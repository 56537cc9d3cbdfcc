import { eventually } from '@xerotier/testing';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Announcement } from './run-process.ts';

interface Running {
  readonly child: ChildProcess;
  readonly started: Promise<Announcement['facts']>;
  /** Exit code, and the signal that ended it. */
  readonly ended: Promise<readonly [number | null, string | null]>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The messages of its log, in order. */
  readonly said: () => string[];
  readonly health: (path: string) => Promise<{ status: number; body: unknown }>;
}

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

function run(mode: string, env: Record<string, string> = {}): Running {
  const child = fork(join(import.meta.dirname, '../test/fixture-process.ts'), [], {
    execArgv: ['--conditions=xerotier-source', '--disable-warning=ExperimentalWarning'],
    env: { PATH: process.env['PATH'], FIXTURE_MODE: mode, FIXTURE_REQUIRED: 'yes', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const started = once(child, 'message').then(([message]) => (message as Announcement).facts);
  return {
    child,
    started,
    // Not 'close', which never comes once the channel was closed on this side.
    ended: Promise.all([
      once(child, 'exit'),
      once(child.stdout as Readable, 'end'),
      once(child.stderr as Readable, 'end'),
    ]).then(([[code, signal]]) => [code as number | null, signal as string | null] as const),
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    said: () =>
      output.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    health: async (path) => {
      const response = await fetch(`http://127.0.0.1:${(await started)['healthPort']}${path}`);
      return { status: response.status, body: await response.json() };
    },
  };
}

describe('a service that cannot start', () => {
  it('ends with 1 and names every variable that is missing or bad on standard error', async () => {
    const service = run('orderly', { FIXTURE_REQUIRED: '', SHUTDOWN_GRACE_MS: '5' });
    expect(await service.ended).toEqual([1, null]);
    expect(service.stderr()).toContain('fixture: The configuration is not usable:');
    expect(service.stderr()).toContain('FIXTURE_REQUIRED is not set: it is required. Must be there.');
    expect(service.stderr()).toContain('SHUTDOWN_GRACE_MS is "5": must be a whole number from 1000 to 3600000');
    expect(service.stdout()).toBe('');
  });

  it('ends with 1 and the reason in its log', async () => {
    const service = run('fails to start');
    expect(await service.ended).toEqual([1, null]);
    expect(service.said()).toEqual(['the service could not start']);
    expect(service.stdout()).toContain('the model file is missing');
  });

  it('ends with 1 when the port of its health checks is taken, and says so', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const service = run('orderly', { HEALTH_PORT: String(port) });
    expect(await service.ended).toEqual([1, null]);
    expect(service.stdout() + service.stderr()).toContain('EADDRINUSE');
    stranger.close();
  });

  it('does not outlive the process that started it, though it waits for something', async () => {
    const service = run('never starts');
    await eventually('it starts', () => service.said().includes('starting'));
    service.child.disconnect();
    expect(await service.ended).toEqual([1, null]);
  });
});

describe('a running service', () => {
  it('announces its ports to the process that started it', async () => {
    const service = run('orderly');
    expect(await service.started).toEqual({ healthPort: expect.any(Number), port: 4711 });
  });

  it('is live and ready, with every check by name', async () => {
    const service = run('orderly');
    expect(await service.health('/livez')).toEqual({ status: 200, body: { status: 'live' } });
    expect(await service.health('/readyz')).toEqual({
      status: 200,
      body: { ready: true, checks: { good: true, bad: true, notDraining: true } },
    });
    expect((await service.health('/metrics')).status).toBe(404);
  });

  it.each(['check says no', 'check throws'])('is live but not ready when a %s', async (mode) => {
    const service = run(mode);
    expect((await service.health('/livez')).status).toBe(200);
    expect(await service.health('/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, checks: { good: true, bad: false } },
    });
  });

  it.each([
    ['throws later', 'an error escaped', 'a defect'],
    ['rejects later', 'a promise was rejected and nobody looked', 'nobody looked'],
  ])('ends with 1 and says why when it %s', async (mode, message, reason) => {
    const service = run(mode);
    expect(await service.ended).toEqual([1, null]);
    expect(service.said().at(-1)).toBe(message);
    expect(service.stdout()).toContain(reason);
  });
});

describe('a service that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s drains, then closes, and ends with 0', async (signal) => {
    const service = run('orderly');
    await service.started;
    service.child.kill(signal);
    expect(await service.ended).toEqual([0, null]);
    expect(service.said()).toEqual(['started', 'stopping', 'draining', 'closing', 'stopped']);
  });

  it('while it starts does the same once it has started', async () => {
    const service = run('is told to stop while it starts');
    expect(await service.ended).toEqual([0, null]);
    expect(service.said()).toEqual(['started', 'stopping', 'draining', 'closing', 'stopped']);
  });

  it('while it waits for something that never comes ends all the same', async () => {
    const service = run('never starts');
    await eventually('it starts', () => service.said().length > 0);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });

  it('because its parent is gone does the same', async () => {
    const service = run('orderly');
    await service.started;
    service.child.disconnect();
    expect(await service.ended).toEqual([0, null]);
    expect(service.said()).toEqual(['started', 'stopping', 'draining', 'closing', 'stopped']);
  });

  it('is not ready from then on, but live; and being told twice changes nothing', async () => {
    const service = run('drains until cut off', { SHUTDOWN_GRACE_MS: '4000' });
    await service.started;
    service.child.kill('SIGTERM');
    await eventually('it drains', () => service.said().includes('draining'));
    service.child.kill('SIGTERM');
    service.child.kill('SIGINT');
    expect(await service.health('/readyz')).toMatchObject({ status: 503, body: { checks: { notDraining: false } } });
    expect((await service.health('/livez')).status).toBe(200);
    expect(await service.ended).toEqual([0, null]);
    expect(service.said()).toEqual(['started', 'stopping', 'draining', 'cut off', 'closing', 'stopped']);
  });

  it.each(['never drains', 'never closes'])('ends with 1 when it %s within its grace time', async (mode) => {
    const service = run(mode, { SHUTDOWN_GRACE_MS: '1000' });
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    expect(service.said().at(-1)).toBe('the grace time is over');
    expect(service.said().includes('cut off')).toBe(mode === 'never drains');
  });

  it('ends with 1 when draining fails', async () => {
    const service = run('drain fails');
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    expect(service.stdout()).toContain('could not drain');
  });
});
