import { eventually } from '@xerotier/testing';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Announcement } from './run-process.ts';

interface Running {
  readonly child: ChildProcess;
  readonly started: Promise<Announcement['facts']>;
  /** Exit code, and the signal that ended it. */
  readonly ended: Promise<readonly [number | null, string | null]>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The messages of its log, in order. */
  readonly messages: () => string[];
  readonly health: (path: string) => Promise<{ status: number; body: unknown }>;
}

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

function run(mode: string, env: Record<string, string> = {}): Running {
  const child = fork(join(import.meta.dirname, '../test/fixture-process.ts'), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
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
    // Not 'close', which is not emitted when this side has closed the channel.
    ended: Promise.all([
      once(child, 'exit'),
      once(child.stdout as Readable, 'end'),
      once(child.stderr as Readable, 'end'),
    ]).then(([[code, signal]]) => [code as number | null, signal as string | null] as const),
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    messages: () =>
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
  it('exits with 1 and lists every missing or invalid variable on standard error', async () => {
    const service = run('orderly', { FIXTURE_REQUIRED: '', SHUTDOWN_GRACE_MS: '5' });
    expect(await service.ended).toEqual([1, null]);
    expect(service.stderr()).toContain('fixture: Invalid configuration:');
    expect(service.stderr()).toContain('FIXTURE_REQUIRED is not set: it is required. Must be there.');
    expect(service.stderr()).toContain('SHUTDOWN_GRACE_MS is "5": must be an integer between 1000 and 3600000');
    expect(service.stdout()).toBe('');
  });

  it('exits with 1 and logs the reason', async () => {
    const service = run('fails to start');
    expect(await service.ended).toEqual([1, null]);
    expect(service.messages()).toEqual(['startup failed']);
    expect(service.stdout()).toContain('the model file is missing');
  });

  it('exits with 1 when the health port is in use, and logs it', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const service = run('orderly', { HEALTH_PORT: String(port) });
    expect(await service.ended).toEqual([1, null]);
    expect(service.stdout() + service.stderr()).toContain('EADDRINUSE');
    occupant.close();
  });

  it('exits when its parent process exits', async () => {
    const service = run('never starts');
    await eventually('it starts', () => service.messages().includes('starting'));
    service.child.disconnect();
    expect(await service.ended).toEqual([1, null]);
  });
});

describe('a running service', () => {
  it('announces its ports to its parent process', async () => {
    const service = run('orderly');
    expect(await service.started).toEqual({ healthPort: expect.any(Number), port: 4711 });
  });

  it('is live and ready, with the result of each check', async () => {
    const service = run('orderly');
    expect(await service.health('/livez')).toEqual({ status: 200, body: { status: 'live' } });
    expect(await service.health('/readyz')).toEqual({
      status: 200,
      body: { ready: true, checks: { good: true, bad: true, notDraining: true } },
    });
    expect((await service.health('/nothing')).status).toBe(404);
  });

  it.each(['check returns false', 'check throws'])('is live but not ready when a %s', async (mode) => {
    const service = run(mode);
    expect((await service.health('/livez')).status).toBe(200);
    expect(await service.health('/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, checks: { good: true, bad: false } },
    });
  });

  it.each([
    ['throws later', 'uncaught exception', 'a defect'],
    ['rejects later', 'unhandled rejection', 'nobody looked'],
  ])('exits with 1 and logs the reason when it %s', async (mode, message, reason) => {
    const service = run(mode);
    expect(await service.ended).toEqual([1, null]);
    expect(service.messages().at(-1)).toBe(message);
    expect(service.stdout()).toContain(reason);
  });
});

describe('shutdown', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('on %s drains, closes, and exits with 0', async (signal) => {
    const service = run('orderly');
    await service.started;
    service.child.kill(signal);
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages()).toEqual([
      'service started',
      'shutdown started',
      'draining',
      'closing',
      'shutdown completed',
    ]);
  });

  it('during startup begins after the start', async () => {
    const service = run('stops while starting');
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages()).toEqual([
      'service started',
      'shutdown started',
      'draining',
      'closing',
      'shutdown completed',
    ]);
  });

  it('during a startup that never completes exits after a timeout', async () => {
    const service = run('never starts');
    await eventually('it starts', () => service.messages().length > 0);
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
  });

  it('begins when the parent process exits', async () => {
    const service = run('orderly');
    await service.started;
    service.child.disconnect();
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages()).toEqual([
      'service started',
      'shutdown started',
      'draining',
      'closing',
      'shutdown completed',
    ]);
  });

  it('makes the service live but not ready, and ignores further signals', async () => {
    const service = run('drains until cut off', { SHUTDOWN_GRACE_MS: '4000' });
    await service.started;
    service.child.kill('SIGTERM');
    await eventually('it drains', () => service.messages().includes('draining'));
    service.child.kill('SIGTERM');
    service.child.kill('SIGINT');
    expect(await service.health('/readyz')).toMatchObject({ status: 503, body: { checks: { notDraining: false } } });
    expect((await service.health('/livez')).status).toBe(200);
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages()).toEqual([
      'service started',
      'shutdown started',
      'draining',
      'cut off',
      'closing',
      'shutdown completed',
    ]);
  });

  it.each(['never drains', 'never closes'])('exits with 1 when it %s within the grace period', async (mode) => {
    const service = run(mode, { SHUTDOWN_GRACE_MS: '1000' });
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    expect(service.messages().at(-1)).toBe('shutdown grace period exceeded');
    expect(service.messages().includes('cut off')).toBe(mode === 'never drains');
  });

  it.each([
    ['drain fails', 'could not drain'],
    ['close fails', 'could not close'],
  ])('exits with 1 and logs the error when its %s', async (mode, reason) => {
    const service = run(mode);
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([1, null]);
    expect(service.messages().at(-1)).toBe('shutdown failed');
    expect(service.stdout()).toContain(reason);
  });
});

describe('telemetry', () => {
  async function collector(): Promise<{ url: string; bodies: string[]; close: () => void }> {
    const bodies: string[] = [];
    const server = createHttpServer((request, response) => {
      void text(request).then((body) => {
        bodies.push(body);
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, close: () => server.close() };
  }

  it('loads no SDK without a collector', async () => {
    const service = run('makes a span');
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages()).toEqual(expect.arrayContaining(['no sdk', 'shutdown completed']));
  });

  it('sends the last spans during shutdown', async () => {
    const { url, bodies, close } = await collector();
    const service = run('makes a span', { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    close();
    expect(service.messages()).toContain('sdk loaded');
    expect(bodies.join()).toContain('"name":"work"');
  });

  it('does not delay the shutdown when the collector is unreachable', async () => {
    const service = run('makes a span', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    await service.started;
    service.child.kill('SIGTERM');
    expect(await service.ended).toEqual([0, null]);
    expect(service.messages().at(-1)).toBe('shutdown completed');
  });

  it('serves the metrics of the process on the health port', async () => {
    const service = run('orderly');
    const response = await fetch(`http://127.0.0.1:${(await service.started)['healthPort']}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toMatch(/^process_resident_memory_bytes \d+$/m);
  });
});
