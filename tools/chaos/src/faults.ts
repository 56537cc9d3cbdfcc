/** What can be broken in a platform that restarts its processes itself, and in which order. */
import type { Platform } from '@xerotier/dev';
import type { LocalServer } from '@xerotier/local-servers';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Random } from './random.ts';
import { killServer, loseNatsStore, loseRedisData } from './server-faults.ts';

export type ServerName = 'nats' | 'redis' | 'postgres';

export type Fault =
  | { readonly kind: 'kill service'; readonly target: string }
  | { readonly kind: 'kill server'; readonly target: ServerName; readonly downMs: number }
  | { readonly kind: 'FLUSHALL'; readonly target: 'redis' }
  | { readonly kind: 'lose data'; readonly target: 'redis' | 'nats'; readonly downMs: number };

export interface PlannedFault {
  /** Before it, during which all may recover. */
  readonly quietMs: number;
  readonly fault: Fault;
}

const DOWN_MS_MAX = 2_000;
const QUIET_MS = { min: 200, max: 3_000 };
/** In which work gets done. */
const LONG_QUIET_MS = { min: 4_000, max: 8_000 };

/** Yields faults for ever, the same ones for the same seed and services. */
export function* planFaults(random: Random, services: readonly string[]): Generator<PlannedFault, never> {
  for (;;) {
    const { min, max } = random.int(1, 6) === 1 ? LONG_QUIET_MS : QUIET_MS;
    yield { quietMs: random.int(min, max), fault: nextFault(random, services) };
  }
}

function nextFault(random: Random, services: readonly string[]): Fault {
  const downMs = random.int(0, DOWN_MS_MAX);
  switch (random.int(1, 10)) {
    case 1:
    case 2:
    case 3:
      return { kind: 'kill server', target: random.pick(['nats', 'redis', 'postgres'] as const), downMs };
    case 4:
      return { kind: 'FLUSHALL', target: 'redis' };
    case 5:
      return { kind: 'lose data', target: random.pick(['redis', 'nats'] as const), downMs };
    default:
      return { kind: 'kill service', target: random.pick(services) };
  }
}

export function describeFault(fault: Fault): string {
  const down = 'downMs' in fault ? `, down for ${fault.downMs} ms` : '';
  return `${fault.kind}: ${fault.target}${down}`;
}

/** Resolves when a server runs again; a service is restarted by the platform meanwhile. */
export async function inject(fault: Fault, platform: Platform): Promise<void> {
  switch (fault.kind) {
    case 'kill service': {
      const { pid } = platform.service(fault.target);
      // Null while it is being restarted after an earlier fault.
      if (pid !== null) process.kill(pid, 'SIGKILL');
      return;
    }
    case 'kill server':
      return killServer(serverOf(platform, fault.target), fault.downMs);
    case 'FLUSHALL':
      return flushRedis(platform.description.redisUrl);
    case 'lose data':
      return fault.target === 'redis'
        ? loseRedisData(serverOf(platform, 'redis'), fault.downMs)
        : loseNatsStore(serverOf(platform, 'nats'), fault.downMs);
  }
}

function serverOf(platform: Platform, name: ServerName): LocalServer {
  const server = platform.servers.started[name];
  if (server === undefined) throw new Error(`${name} was not started by this program`);
  return server;
}

/** Without a client, which would reconnect for ever. */
async function flushRedis(redisUrl: string): Promise<void> {
  const { hostname, port, password } = new URL(redisUrl);
  const socket = createConnection({ host: hostname, port: Number(port) });
  socket.end(`AUTH ${decodeURIComponent(password)}\r\nFLUSHALL\r\nQUIT\r\n`);
  socket.resume();
  await once(socket, 'close');
}
