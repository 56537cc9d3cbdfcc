import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A minimal client for two protocols, to check that a server works and keeps data. Not a library, because a client
 * could hide faults by reconnecting.
 */

/**
 * Sends one inline Redis command, and returns the first line of the reply. Authenticates when the URL has a password.
 */
export async function redis(url: string, command: string): Promise<string> {
  const { port, password } = new URL(url);
  const socket = await open(port);
  const login = password === '' ? [] : [`AUTH ${JSON.stringify(decodeURIComponent(password))}\r\n`];
  socket.write([...login, `${command}\r\n`].join(''));
  const reply = await readUntil(socket, (text) => text.split('\r\n').length > login.length + 1);
  socket.destroy();
  // A string is sent as its length followed by its content.
  const lines = reply.split('\r\n').slice(login.length);
  return (lines[0]?.startsWith('$') ? lines[1] : lines[0]) ?? '';
}

/** Sends a JetStream API request and returns the response. */
export async function jetStream(url: string, subject: string, request = ''): Promise<Record<string, unknown>> {
  return JSON.parse(await natsRequest(url, subject, request)) as Record<string, unknown>;
}

/** Sends one NATS request and returns the payload of the response. Authenticates when the URL has credentials. */
export async function natsRequest(url: string, subject: string, payload: string): Promise<string> {
  const { port, username, password } = new URL(url);
  const socket = await open(port);
  const login = password === '' ? {} : { user: username, pass: decodeURIComponent(password) };
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...login })}\r\nSUB reply.inbox 1\r\n`);
  socket.write(`PUB ${subject} reply.inbox ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  const reply = await readUntil(socket, (text) => /\r\n(MSG .*\r\n.*\r\n|-ERR .*\r\n)/.test(text));
  socket.destroy();
  const message = /\r\nMSG .*\r\n(.*)\r\n/.exec(reply)?.[1];
  if (message === undefined) throw new Error(`NATS error: ${reply.split('\r\n').slice(1).join(' ')}`);
  return message;
}

async function open(port: string): Promise<Socket> {
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  // A server may close the connection while there is still something to write.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function readUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (isEnough(text)) return text;
  }
  throw new Error(`The server closed the connection after ${JSON.stringify(text)}`);
}
