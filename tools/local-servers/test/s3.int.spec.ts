import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortFree, type S3Server, type ServerExit } from '../src/index.ts';
import { isAlive } from '../src/process-identity.ts';
import { signedUrl, type S3Account } from '../src/s3-signature.ts';
import { Fixture, eventually } from './fixture.ts';

const ifLinux = process.platform === 'linux' ? it : it.skip; // reason: only the Linux kernel signals the death of a parent

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.open(0o755, ['s3']);
});
afterEach(() => fixture.close());

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function request(server: S3Server, method: string, path: string, account: S3Account = server): Promise<Reply> {
  const response = await fetch(signedUrl(method, server.port, path, account), {
    method,
    ...(method === 'PUT' && { body: path.split('/')[2] ?? '' }),
  });
  return { status: response.status, text: await response.text() };
}

async function put(server: S3Server, path: string): Promise<number> {
  return (await request(server, 'PUT', path)).status;
}

describe('a local S3 server', () => {
  it('keeps its data and its port through stop, start, restart and kill', async () => {
    const first = await fixture.start('s3');
    expect([await put(first, '/bucket'), await put(first, '/bucket/kept')]).toEqual([200, 200]);
    await first.stop();

    const second = await fixture.start('s3');
    expect(second.url).toBe(first.url);
    const kept = { status: 200, text: 'kept' };
    expect(await request(second, 'GET', '/bucket/kept')).toEqual(kept);
    await second.restart();
    expect(second.port).toBe(first.port);
    await second.kill('SIGKILL');
    await second.restart();
    expect(await request(second, 'GET', '/bucket/kept')).toEqual(kept);
    expect(await put(second, '/bucket/more')).toBe(200);
  });

  it('leaves no process, listener or socket after a stop', async () => {
    const server = await fixture.start('s3');
    const pid = server.pid ?? 0;
    expect(await isAlive(pid)).toBe(true);
    const ports = await internalPorts(pid);
    expect(sockets(ports)).not.toEqual([]);
    await server.stop();
    expect(await isAlive(pid)).toBe(false);
    expect(ports).toContain(server.port);
    expect(await Promise.all(ports.map(isPortFree))).not.toContain(false);
    expect(sockets(ports)).toEqual([]);
  });

  it('runs several times concurrently, each with its own data', async () => {
    const servers = await Promise.all(
      ['one', 'two', 'three'].map((name) => fixture.start('s3', { dataDir: join(fixture.dir, name) })),
    );
    expect(await put(servers[0]!, '/bucket')).toBe(200);
    expect(await Promise.all(servers.map(async (server) => (await request(server, 'GET', '/bucket')).status))).toEqual([
      200, 404, 404,
    ]);
  });

  it('requires its credentials, which appear in no command line, log, or file that others can read', async () => {
    const server = await fixture.start('s3', { password: 'very-secret-indeed' });
    const { accessKeyId } = server;
    expect(server.secretAccessKey).toBe('very-secret-indeed');
    expect((await request(server, 'GET', '/')).status).toBe(200);
    expect((await request(server, 'GET', '/', { ...server, accessKeyId, secretAccessKey: 'wrong' })).status).toBe(403);
    expect((await fetch(server.url)).status).toBe(403);
    const texts = [await readFile(server.logPath, 'utf8')];
    if (process.platform === 'linux') texts.push(await readFile(`/proc/${server.pid}/cmdline`, 'utf8'));
    for (const name of await readdir(server.dataDir, { recursive: true })) {
      const path = join(server.dataDir, name);
      if (((await stat(path)).mode & 0o044) !== 0) texts.push(await readFile(path, 'latin1').catch(() => ''));
    }
    expect(texts.filter((text) => text.includes('very-secret-indeed'))).toEqual([]);
  });

  it('creates no bucket by itself', async () => {
    expect(await put(await fixture.start('s3'), '/bucket/a')).toBe(404);
  });

  it('reports an unexpected exit', async () => {
    const exits: ServerExit[] = [];
    const server = await fixture.start('s3', { onUnexpectedExit: (exit) => exits.push(exit) });
    process.kill(server.pid ?? 0, 'SIGKILL');
    await eventually(async () => exits.length > 0);
    expect(exits).toEqual([{ code: null, signal: 'SIGKILL', logTail: expect.any(Array) }]);
  });

  ifLinux('ends when its parent process was killed', async () => {
    const { pid } = await fixture.startOrphan('s3', true);
    await eventually(async () => !(await isAlive(pid)));
  });

  it('is stopped by the next start if it is a leftover, and its port is reused', async () => {
    const orphan = await fixture.startOrphan('s3', false);
    expect(await isAlive(orphan.pid)).toBe(true);
    const server = await fixture.start('s3');
    expect(await isAlive(orphan.pid)).toBe(false);
    expect(server.port).toBe(orphan.port);
  });
});

/** The ports in its command line. */
async function internalPorts(pid: number): Promise<number[]> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  const ports = [...commandLine.matchAll(/-(?:master|volume|filer|admin|s3)\.port(?:\.grpc)?=(\d+)/g)];
  expect(ports).toHaveLength(10);
  return ports.map(([, port]) => Number(port));
}

function sockets(ports: readonly number[]): string[] {
  const parts = ['s3', 'master', 'volume', 'filer', 'admin'];
  const paths = ports.flatMap((port) => parts.map((part) => `/tmp/seaweedfs-${part}-grpc-${port}.sock`));
  return paths.filter((path) => existsSync(path));
}
