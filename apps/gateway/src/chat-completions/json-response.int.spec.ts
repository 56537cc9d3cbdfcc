import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ChatEnvelope } from './chat-envelope.ts';
import { JsonResponse } from './json-response.ts';

const USAGE = {
  promptTokens: 1,
  cachedTokens: 0,
  completionTokens: 2,
  reasoningTokens: 0,
  acceptedPredictionTokens: 0,
  rejectedPredictionTokens: 0,
};

let server: Server;
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise((resolve) => void server.close(resolve).closeAllConnections()));

interface Exchange {
  readonly response: ServerResponse;
  readonly sink: JsonResponse;
  readonly cancelled: () => number;
  readonly reply: Promise<{ status: number; headers: Headers; text: string }>;
  readonly disconnect: () => void;
}

async function exchange(): Promise<Exchange> {
  const client = new AbortController();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reply = fetch(url, { signal: client.signal }).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }));
  reply.catch(() => undefined);
  const [, response] = (await once(server, 'request')) as [typeof request, ServerResponse];
  const fields = { id: 'chatcmpl-1', createdSeconds: 1, model: 'tiny', tier: 'free' };
  const sink = new JsonResponse(response, new ChatEnvelope(fields, { withUsage: false }));
  let cancelled = 0;
  sink.attach({ cancel: () => (cancelled += 1), pause: () => undefined, resume: () => undefined });
  return { response, sink, cancelled: () => cancelled, reply, disconnect: () => client.abort() };
}

function choice(index: number, content: string): Buffer {
  return Buffer.from(JSON.stringify([{ index, message: { role: 'assistant', content } }]));
}

describe('JsonResponse', () => {
  it('writes one document with all choices in order of their index', async () => {
    const { sink, reply } = await exchange();
    sink.head({ workerId: 'w1', systemFingerprint: 'fp_1', maxTokensClampedFrom: 99 });
    for (const index of [2, 0, 1]) sink.data(choice(index, `é😀 ${index}`), index);
    sink.end(USAGE);
    const { status, headers, text } = await reply;
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(headers.get('x-xerotier-worker-id')).toBe('w1');
    expect(headers.get('x-xerotier-max-tokens-clamped')).toBe('99');
    expect(JSON.parse(text)).toMatchObject({
      object: 'chat.completion',
      system_fingerprint: 'fp_1',
      choices: [0, 1, 2].map((index) => ({ index, message: { content: `é😀 ${index}` } })),
      usage: { total_tokens: 3 },
    });
  });

  it('omits the clamped header if the maximum was not lowered', async () => {
    const { sink, reply } = await exchange();
    sink.head({ workerId: 'w1' });
    sink.data(choice(0, 'a'), 0);
    sink.end(USAGE);
    expect((await reply).headers.has('x-xerotier-max-tokens-clamped')).toBe(false);
  });

  it('does not retain the buffers of data frames', async () => {
    const { sink, reply } = await exchange();
    const bytes = choice(0, 'kept');
    sink.head({ workerId: 'w1' });
    sink.data(bytes, 0);
    bytes.fill(0x20);
    sink.end(USAGE);
    expect(JSON.parse((await reply).text)).toMatchObject({ choices: [{ message: { content: 'kept' } }] });
  });

  it('writes an HTTP error if the run fails, even after data', async () => {
    const { sink, reply } = await exchange();
    sink.head({ workerId: 'w1' });
    sink.data(choice(0, 'a'), 0);
    sink.error(new AppError('inference.engine_failed'));
    const { status, text } = await reply;
    expect([status, JSON.parse(text)]).toMatchObject([500, { error: { code: 'engine_error' } }]);
  });

  it('cancels the run and writes nothing after the client has disconnected', async () => {
    const { sink, cancelled, disconnect, response } = await exchange();
    disconnect();
    await eventually('the run is cancelled', () => cancelled() === 1);
    sink.head({ workerId: 'w1' });
    sink.data(choice(0, 'a'), 0);
    sink.end(USAGE);
    sink.error(new AppError('inference.cancelled'));
    expect(response.headersSent).toBe(false);
  });
});
