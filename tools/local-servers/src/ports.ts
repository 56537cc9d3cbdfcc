import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { reservePort } from './port-reservations.ts';

export const LOOPBACK = '127.0.0.1';

/**
 * Below the ephemeral port ranges of operating systems (from 32768 on Linux, 49152 elsewhere). A port in those could be
 * taken by any client while its server restarts, even by a client that tries to reach that very server, which then
 * connects to itself.
 */
export const LOWEST_PORT = 15_000;
const HIGHEST_PORT = 32_000;
const ATTEMPTS_MAX = 200;

/** The latest ports returned by this process, so that concurrently started servers get different ones. */
const handedOut: number[] = [];
const HANDED_OUT_MAX = 1_000;

/**
 * Returns a port of 127.0.0.1 on which no server listens; other processes that call this do not get it for two minutes.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (handedOut.includes(port)) continue;
    handedOut.push(port);
    if (handedOut.length > HANDED_OUT_MAX) handedOut.shift();
    if ((await reservePort(port)) && (await isPortFree(port))) return port;
  }
  throw new Error(`Found no free port between ${LOWEST_PORT} and ${HIGHEST_PORT} in ${ATTEMPTS_MAX} attempts`);
}

/**
 * Returns whether a server of this user could listen on a port of 127.0.0.1 now: `forbidden` ports are reserved by the
 * system, such as those below 1024.
 */
export async function portState(port: number): Promise<'free' | 'taken' | 'forbidden'> {
  const problem = await listenProblem(port);
  if (problem === 'EACCES') return (await isListening(port)) ? 'taken' : 'forbidden';
  // Both checks are needed: some systems let a second server bind beside one that listens on all addresses.
  return problem === undefined && !(await isListening(port)) ? 'free' : 'taken';
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await portState(port)) === 'free';
}

/** Returns the system's error code when listening fails, or undefined. */
function listenProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK, timeout: 1_000 });
    const finish = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}
