import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { freePort, isPortFree, portState } from './ports.ts';

const ifRoot = process.getuid?.() === 0 && process.platform === 'linux' ? it : it.skip; // reason: only root can become somebody else

describe('ports', () => {
  it('returns free, distinct ports outside the ephemeral range', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, freePort));
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      expect(port).toBeLessThan(32_768);
      expect(await isPortFree(port)).toBe(true);
    }
  });

  it.each(['127.0.0.1', '0.0.0.0'])('does not report a port as free while a server listens on %s', async (host) => {
    const port = await freePort();
    const server = createServer().listen(port, host);
    await once(server, 'listening');
    expect(await isPortFree(port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isPortFree(port)).toBe(true);
  });

  it.each([
    ['free', false],
    ['taken', true],
  ])('recognises a %s port', async (state, isTaken) => {
    const port = await freePort();
    const server = createServer();
    if (isTaken) {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    }
    expect(await portState(port)).toBe(state);
    server.close();
  });

  ifRoot('distinguishes a port that an ordinary user may not open from one in use', async () => {
    const server = createServer();
    const taken = await reservedPort(server);
    const free = taken + 1;
    try {
      expect(await portState(free)).toBe('free');
      expect(stateAsNobody(free)).toBe('forbidden');
      expect(stateAsNobody(taken)).toBe('taken');
      expect(stateAsNobody(await freePort())).toBe('free');
    } finally {
      server.close();
    }
  });
});

/** Listens on a port below 1024 whose neighbour is free, and returns it. */
async function reservedPort(server: Server): Promise<number> {
  for (let port = 600; port < 1_000; port += 2) {
    if (!(await isPortFree(port)) || !(await isPortFree(port + 1))) continue;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return port;
  }
  throw new Error('there are no free ports below 1000');
}

/**
 * The port state for an ordinary user: a process that has loaded this project as root, and then switches to that user.
 */
function stateAsNobody(port: number): string {
  const code = `import { portState } from ${JSON.stringify(new URL('ports.ts', import.meta.url).href)};
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    process.stdout.write(await portState(${port}));`;
  return execFileSync(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', code], {
    encoding: 'utf8',
    env: {},
  });
}
