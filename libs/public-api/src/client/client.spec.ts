import fc from 'fast-check';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createChatCompletion } from '../chat-completions/chat-completions.api.ts';
import { listModels, retrieveModel } from '../models/models.api.ts';
import { getWelcome } from '../reference/reference.api.ts';
import { listChatCompletions, updateChatCompletion } from '../stored-completions/stored-completions.api.ts';
import { ApiError } from './api-error.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { eventsOf } from './event-stream.ts';

let server: Server;
let respond: (response: ServerResponse) => void;
let received: { line: string; authorization: string | undefined; body: string };
let client: Client;

beforeEach(async () => {
  server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  client = createClient({ baseUrl: `http://127.0.0.1:${port}/proj_1/chat/v1`, apiKey: 'xero_a' });
  respond = (response) => response.end('{"id":"a"}');
});
afterEach(() => server.close());

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { method, url, headers } = request;
  received = { line: `${method} ${url}`, authorization: headers.authorization, body: Buffer.concat(pieces).toString() };
  respond(response);
}

const CHAT = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }] };

describe('createClient', () => {
  it('sends the method, path and body of an operation, with the key', async () => {
    expect(await client.call(createChatCompletion, { body: CHAT })).toEqual({ id: 'a' });
    expect(received).toEqual({
      line: 'POST /proj_1/chat/v1/chat/completions',
      authorization: 'Bearer xero_a',
      body: JSON.stringify(CHAT),
    });
  });

  it('fills in the path and the query', async () => {
    await client.call(retrieveModel, { params: { model: 'org/m' } });
    expect(received.line).toBe('GET /proj_1/chat/v1/models/org%2Fm');
    await client.call(updateChatCompletion, { params: { completion: 'c' }, body: { metadata: null } });
    expect(received).toMatchObject({ line: 'POST /proj_1/chat/v1/chat/completions/c', body: '{"metadata":null}' });
    await client.call(listChatCompletions, { query: { limit: '2', metadata: { topic: 'news' } } });
    expect(received.line).toBe('GET /proj_1/chat/v1/chat/completions?limit=2&metadata%5Btopic%5D=news');
    await client.call(listModels);
    expect(received).toMatchObject({ line: 'GET /proj_1/chat/v1/models', body: '' });
  });

  it('calls operations without a permission at the root', async () => {
    await client.call(getWelcome);
    expect(received.line).toBe('GET /');
  });

  it('throws an ApiError with all fields of the error', async () => {
    respond = (response) =>
      response.writeHead(429, { 'x-request-id': 'req_1' }).end(
        JSON.stringify({
          error: {
            message: 'Slowly',
            type: 'rate_limit_error',
            param: null,
            code: 'rate_limit_exceeded',
            retry_after: 7,
          },
        }),
      );
    const error: unknown = await client.call(listModels).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      message: 'Slowly',
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'rate_limit_error',
      param: undefined,
      requestId: 'req_1',
      retryAfterSeconds: 7,
    });
  });

  it('throws an ApiError without a code for a response of another server', async () => {
    respond = (response) => response.writeHead(502).end('<html>');
    await expect(client.call(listModels)).rejects.toMatchObject({
      status: 502,
      code: undefined,
      message: '502: <html>',
    });
  });

  it('yields the events of a stream until [DONE]', async () => {
    respond = (response) =>
      response.end(': hello\n\ndata: {"a":1}\n\nevent: x\ndata: {"a":\ndata: 2}\n\ndata: [DONE]\n\n');
    const events: unknown[] = [];
    for await (const event of client.stream(createChatCompletion, { body: { ...CHAT, stream: true } }))
      events.push(event);
    expect(events).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('throws an ApiError if a stream request fails', async () => {
    respond = (response) => response.writeHead(503).end();
    await expect(client.stream(createChatCompletion, { body: CHAT }).next()).rejects.toMatchObject({ status: 503 });
  });
});

describe('eventsOf', () => {
  it('yields the same events regardless of the chunk boundaries', async () => {
    const text = new TextEncoder().encode('data: {"a":"é😀"}\r\n\r\ndata: 2\n\ndata: [DONE]\n\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: text.length })), async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((end, at) => text.slice(places[at], end));
        const events: unknown[] = [];
        for await (const event of eventsOf(ReadableStream.from(pieces))) events.push(event);
        expect(events).toEqual([{ a: 'é😀' }, 2]);
      }),
    );
  });
});
