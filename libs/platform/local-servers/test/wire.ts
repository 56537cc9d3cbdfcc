import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Just enough of two protocols to see that a server works and keeps data. Written here, so that these tests depend on
 * no client that could hide a fault by reconnecting.
 */

/** Sends one command, as Redis takes it on a line, and answers the first line of the reply. */
export async function redis(port: number, command: string): Promise<string> {
  const socket = await open(port);
  socket.write(`${command}\r\n`);
  const reply = await readUntil(socket, (text) => text.includes('\r\n'));
  socket.destroy();
  // A string comes as its length and then itself.
  const lines = reply.split('\r\n');
  return (lines[0]?.startsWith('$') ? lines[1] : lines[0]) ?? '';
}

/** Asks JetStream and answers what it says. */
export async function jetStream(port: number, subject: string, request = ''): Promise<Record<string, unknown>> {
  return JSON.parse(await natsRequest(port, subject, request)) as Record<string, unknown>;
}

/** One NATS request; the answer's payload. */
export async function natsRequest(port: number, subject: string, payload: string): Promise<string> {
  const socket = await open(port);
  socket.write('CONNECT {"verbose":false}\r\nSUB answer.here 1\r\n');
  socket.write(`PUB ${subject} answer.here ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  const reply = await readUntil(socket, (text) => /\r\n(MSG .*\r\n.*\r\n|-ERR .*\r\n)/.test(text));
  socket.destroy();
  const message = /\r\nMSG .*\r\n(.*)\r\n/.exec(reply)?.[1];
  if (message === undefined) throw new Error(`NATS refuses: ${reply.split('\r\n').slice(1).join(' ')}`);
  return message;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
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
