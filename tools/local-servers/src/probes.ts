import { connect } from 'node:net';
import { LOOPBACK } from './ports.ts';

const PROBE_TIMEOUT_MS = 1_000;
const RESPONSE_BYTES_MAX = 65_536;

/**
 * Sends `request` and reads the response until `parse` returns a result. Returns null when the server rejects or closes
 * the connection, on a timeout, or when the response is too large.
 */
function probe<T>(port: number, request: Buffer | string, parse: (response: Buffer) => T | null): Promise<T | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK });
    let response: Buffer = Buffer.alloc(0);
    const finish = (result: T | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(null), PROBE_TIMEOUT_MS);
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      response = Buffer.concat([response, chunk]);
      const result = parse(response);
      if (result !== null || response.length > RESPONSE_BYTES_MAX) finish(result);
    });
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
  });
}

/**
 * Returns the `server_name` of NATS's greeting, or null when there is no NATS. The greeting requires no credentials.
 */
export function natsServerName(port: number): Promise<string | null> {
  return probe(port, '', (response) => {
    const greeting = /^INFO (\{.*\}) *\r\n/.exec(response.toString('utf8'))?.[1];
    if (greeting === undefined) return null;
    return serverNameIn(greeting);
  });
}

/** Empty when there is none: another server on the port may send any greeting. */
function serverNameIn(greeting: string): string {
  try {
    const { server_name: name } = JSON.parse(greeting) as { server_name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

/**
 * Returns the process id that Redis reports once it has loaded its data, or null when it does not respond or is not
 * ready.
 */
export function redisProcessId(port: number, password: string): Promise<number | null> {
  const commands = [['AUTH', password], ['PING'], ['INFO', 'server']];
  return probe(port, commands.map(redisCommand).join(''), (response) => {
    const text = response.toString('utf8');
    // While it loads, it responds to PING with an error and to INFO with data.
    if (!text.includes('+PONG\r\n')) return null;
    const pid = /^process_id:(\d+)\r\n/m.exec(text)?.[1];
    return pid === undefined ? null : Number(pid);
  });
}

function redisCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/**
 * Whether PostgreSQL requests a password: it does so only when it accepts connections, not during startup or shutdown.
 */
export async function postgresRequestsPassword(port: number, user: string, database: string): Promise<boolean> {
  const parameters = ['user', user, 'database', database, ''].map((text) => `${text}\0`).join('');
  const body = Buffer.from(parameters, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(0x0003_0000, 4); // protocol version 3.0
  const messageType = await probe(port, Buffer.concat([head, body]), (response) =>
    String.fromCharCode(response[0] ?? 0),
  );
  return messageType === 'R';
}
