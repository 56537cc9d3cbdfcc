import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ChunkedBody } from './chunked-body.ts';

let server: Server;
let handler: (body: ChunkedBody, response: ServerResponse) => void;
let drained: number;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  server = createServer((incoming, response) => {
    incoming.resume();
    handler(new ChunkedBody(response, () => (drained += 1)), response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => (drained = 0));
afterAll(() => {
  agent.destroy();
  server.close().closeAllConnections();
});

function port(): number {
  return (server.address() as AddressInfo).port;
}

/** Sends a request with Node's own client. */
async function sendRequest(): Promise<{ body: Buffer; localPort: number | undefined }> {
  const sent = request({ port: port(), agent }).end();
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { socket: { localPort?: number } }];
  const { localPort } = response.socket;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { body: Buffer.concat(chunks), localPort };
}

/** Returns what a raw connection receives until the server closes it, or until `last` was received. */
async function sendRaw(text: string, last?: string): Promise<string> {
  const socket = connect(port(), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.write(text);
  if (last === undefined) await once(socket, 'close');
  else await eventually('the last byte', () => received.endsWith(last));
  socket.destroy();
  return received;
}

describe('ChunkedBody', () => {
  it('sends pieces of any size byte for byte, and keeps the connection usable', async () => {
    const pieces = fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }).filter(hasBytes), {
      maxLength: 8,
    });
    const ports = new Set<number | undefined>();
    await fc.assert(
      fc.asyncProperty(pieces, fc.string(), async (given, last) => {
        handler = (body) => {
          body.begin(200, {});
          for (const parts of given) body.write(parts);
          body.end(last);
        };
        const { body, localPort } = await sendRequest();
        ports.add(localPort);
        expect(body).toEqual(Buffer.concat([...given.flat(), Buffer.from(last)]));
      }),
    );
    expect(ports.size).toBe(1);
  });

  it('copies the parts that are passed in', async () => {
    const part = Buffer.from('before');
    handler = (body) => {
      body.begin(200, {});
      body.write([part]);
      part.fill('x');
      body.end('');
    };
    expect((await sendRequest()).body.toString()).toBe('before');
  });

  it('sends the headers when no piece follows at once', async () => {
    let body: ChunkedBody | undefined;
    handler = (begun) => {
      body = begun;
      begun.begin(200, { 'x-early': 'yes' });
    };
    const sent = request({ port: port(), agent }).end();
    const [response] = await once(sent, 'response');
    expect(response.headers).toMatchObject({ 'x-early': 'yes', 'transfer-encoding': 'chunked' });
    body?.end('');
    await once(response.resume(), 'end');
  });

  it('reports a full connection, and calls onDrain once when the client reads again', async () => {
    // More than the operating system buffers for a client that does not read.
    const piece = [Buffer.alloc(32 * 1024 * 1024, 'x')];
    let body: ChunkedBody | undefined;
    handler = (begun) => {
      body = begun;
      begun.begin(200, {});
      expect(begun.write([Buffer.from('x')])).toBe(true);
      expect(begun.write(piece)).toBe(false);
      expect(begun.write(piece)).toBe(false);
    };
    const sent = request({ port: port(), agent }).end();
    const [response] = await once(sent, 'response');
    expect(drained).toBe(0);
    response.resume();
    await eventually('it drains', () => drained === 1);
    body?.end('');
    await once(response, 'end');
    expect(drained).toBe(1);
  });

  it('ends with the connection for an HTTP/1.0 client', async () => {
    handler = (body) => {
      body.begin(200, {});
      body.write([Buffer.from('a'), Buffer.from('b')]);
      body.end('c');
    };
    const received = await sendRaw('GET / HTTP/1.0\r\n\r\n');
    expect(received).not.toMatch(/transfer-encoding/i);
    expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe('abc');
  });

  it('keeps the order of responses to pipelined requests', async () => {
    const bodies: ChunkedBody[] = [];
    handler = (body) => {
      bodies.push(body);
      body.begin(200, {});
      body.write([Buffer.from(`response ${bodies.length}`)]);
      if (bodies.length < 2) return;
      bodies[1]?.end('.');
      bodies[0]?.end('.');
    };
    const received = await sendRaw('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2), 'response 2\r\n1\r\n.\r\n0\r\n\r\n');
    expect(received.indexOf('response 1')).toBeLessThan(received.indexOf('response 2'));
    expect(received.match(/response \d\r\n1\r\n\.\r\n0\r\n\r\n/g)).toHaveLength(2);
  });
});

function hasBytes(parts: readonly Uint8Array[]): boolean {
  return parts.some((part) => part.length > 0);
}
