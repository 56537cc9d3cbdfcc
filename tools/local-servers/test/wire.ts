import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Just enough of two protocols to see that a server works and keeps data. Written here, so that these tests depend on
 * no client that could hide a fault by reconnecting.
 */

/** Sends one command, as Redis takes it on a line, and returns the first line of the reply. Logs in when the URL has a password. */
export async function redis(url: string, command: string): Promise<string> {
  const { port, password } = new URL(url);
  const socket = await open(port);
  const login = password === '' ? [] : [`AUTH ${JSON.stringify(decodeURIComponent(password))}\r\n`];
  socket.write([...login, `${command}\r\n`].join(''));
  const reply = await readUntil(socket, (text) => text.split('\r\n').length > login.length + 1);
  socket.destroy();
  // A string comes as its length and then itself.
  const lines = reply.split('\r\n').slice(login.length);
  return (lines[0]?.startsWith('$') ? lines[1] : lines[0]) ?? '';
}

/** Asks JetStream and returns what it says. */
export async function jetStream(url: string, subject: string, request = ''): Promise<Record<string, unknown>> {
  return JSON.parse(await natsRequest(url, subject, request)) as Record<string, unknown>;
}

/** One NATS request; the payload of its response. Logs in when the URL has credentials. */
export async function natsRequest(url: string, subject: string, payload: string): Promise<string> {
  const { port, username, password } = new URL(url);
  const socket = await open(port);
  const login = password === '' ? {} : { user: username, pass: decodeURIComponent(password) };
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...login })}\r\nSUB answer.here 1\r\n`);
  socket.write(`PUB ${subject} answer.here ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  const reply = await readUntil(socket, (text) => /\r\n(MSG .*\r\n.*\r\n|-ERR .*\r\n)/.test(text));
  socket.destroy();
  const message = /\r\nMSG .*\r\n(.*)\r\n/.exec(reply)?.[1];
  if (message === undefined) throw new Error(`NATS refuses: ${reply.split('\r\n').slice(1).join(' ')}`);
  return message;
}

async function open(port: string): Promise<Socket> {
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  // Logged out of, a server hangs up while there is still something to write.
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
  throw new Error(`The server hung up after ${JSON.stringify(text)}`);
}
