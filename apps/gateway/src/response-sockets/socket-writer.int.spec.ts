import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { SocketWriter } from './socket-writer.ts';

const MESSAGE = Buffer.alloc(1024 * 1024, 'x');

let server: WebSocketServer;
let client: WebSocket;
let webSocket: WebSocket;
let socket: Socket;
let seen: string[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0 });
  const connection = once(server, 'connection');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [accepted, request] = (await connection) as [WebSocket, { socket: Socket }];
  webSocket = accepted;
  ({ socket } = request);
  await once(client, 'open');
  seen = [];
});
afterEach(() => {
  client.terminate();
  server.close();
});

function writerWith(stallTimeoutMs: number): SocketWriter {
  const reader = {
    onFull: () => void seen.push('full'),
    onDrain: () => void seen.push('drain'),
    onStalled: () => void seen.push('stalled'),
  };
  return new SocketWriter({ webSocket, socket }, reader, stallTimeoutMs);
}

/** Writes until the client, which does not read, does not keep up for more than a moment. */
async function fill(writer: SocketWriter): Promise<number> {
  let count = 0;
  do {
    writer.write(MESSAGE);
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (!writer.isFull);
  return count;
}

describe('a client that does not keep up', () => {
  it('is reported once, and again when it does', async () => {
    const writer = writerWith(60_000);
    client.pause();
    let count = await fill(writer);
    seen = [];
    for (let more = 0; more < 3; more += 1, count += 1) writer.write(MESSAGE);
    expect(seen).toEqual([]);
    let received = 0;
    client.on('message', () => (received += 1));
    client.resume();
    await eventually('it keeps up', () => seen.length > 0);
    expect([seen, writer.isFull]).toEqual([['drain'], false]);
    await eventually('all has come', () => received === count);
  });

  it('is disconnected if it stalls', async () => {
    const writer = writerWith(50);
    client.pause();
    await fill(writer);
    await once(webSocket, 'close');
    expect(seen.at(-1)).toBe('stalled');
  });

  it('is not disconnected if it reads meanwhile', async () => {
    const writer = writerWith(2_000);
    client.pause();
    await fill(writer);
    client.resume();
    await eventually('it keeps up', () => !writer.isFull);
    expect(seen).not.toContain('stalled');
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
  });
});

it('writes nothing to a WebSocket that is closed', async () => {
  const writer = writerWith(1_000);
  client.close();
  await once(webSocket, 'close');
  writer.write(MESSAGE);
  expect([seen, writer.isFull]).toEqual([[], false]);
});
