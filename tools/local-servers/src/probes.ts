import { connect } from 'node:net';
import { LOOPBACK } from './ports.ts';

const PROBE_TIMEOUT_MS = 1_000;
const REPLY_BYTES_MAX = 65_536;

/**
 * Sends `request` (at once) and waits until `read` makes something of the answer so far. Answers null when the
 * server refuses, hangs up, says something else for a second, or says too much.
 */
function ask<T>(port: number, request: Buffer | string, read: (reply: Buffer) => T | null): Promise<T | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK });
    let reply: Buffer = Buffer.alloc(0);
    const finish = (result: T | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(null), PROBE_TIMEOUT_MS);
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      reply = Buffer.concat([reply, chunk]);
      const result = read(reply);
      if (result !== null || reply.length > REPLY_BYTES_MAX) finish(result);
    });
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
  });
}

/** The `server_name` that NATS greets with, or null when no NATS answers. The greeting needs no credentials. */
export function natsServerName(port: number): Promise<string | null> {
  return ask(port, '', (reply) => {
    const greeting = /^INFO (\{.*\}) *\r\n/.exec(reply.toString('utf8'))?.[1];
    if (greeting === undefined) return null;
    return serverNameIn(greeting);
  });
}

/** Empty when there is none: a stranger on the port may greet with anything. */
function serverNameIn(greeting: string): string {
  try {
    const { server_name: name } = JSON.parse(greeting) as { server_name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

/** The process id that Redis tells once it has loaded its data, or null when it does not answer or is not ready. */
export function redisProcessId(port: number, password: string): Promise<number | null> {
  const commands = [['AUTH', password], ['PING'], ['INFO', 'server']];
  return ask(port, commands.map(redisCommand).join(''), (reply) => {
    const text = reply.toString('utf8');
    // While it loads, PING is answered with an error and INFO with data.
    if (!text.includes('+PONG\r\n')) return null;
    const pid = /^process_id:(\d+)\r\n/m.exec(text)?.[1];
    return pid === undefined ? null : Number(pid);
  });
}

function redisCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Whether PostgreSQL asks for a password: it does so only when it takes connections, not while it starts or stops. */
export async function postgresAsksForPassword(port: number, user: string, database: string): Promise<boolean> {
  const parameters = ['user', user, 'database', database, ''].map((text) => `${text}\0`).join('');
  const body = Buffer.from(parameters, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(0x0003_0000, 4); // protocol version 3.0
  const messageType = await ask(port, Buffer.concat([head, body]), (reply) => String.fromCharCode(reply[0] ?? 0));
  return messageType === 'R';
}
