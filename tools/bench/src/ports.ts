import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns a currently free port, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Waits until something accepts connections on the port; rejects after the timeout, or when `failed` returns a reason.
 */
export async function waitForPort(port: number, timeoutMs: number, failed: () => string | undefined): Promise<void> {
  const latestMs = performance.now() + timeoutMs;
  while (!(await accepts(port))) {
    const reason = failed() ?? (performance.now() > latestMs ? `nothing listens after ${timeoutMs} ms` : undefined);
    if (reason !== undefined) throw new Error(`Port ${port}: ${reason}`);
    await sleep(20);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
