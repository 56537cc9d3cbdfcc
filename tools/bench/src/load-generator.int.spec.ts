import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEngine } from './engine.ts';
import type { RunningEngine } from './engine.ts';
import { runLoad } from './load-generator.ts';
import type { LoadTarget, RequestsSpec, StreamsSpec } from './load-spec.ts';

const requests: RequestsSpec = { kind: 'requests', connections: 4, durationMs: 200, tokens: 5 };
const streams: StreamsSpec = {
  kind: 'streams',
  concurrency: 20,
  streamsEach: 2,
  tokens: 12,
  delayMs: 5,
  rampMs: 20,
  readPauseMs: 20,
};
const timeoutMs = 60_000;

function target(port: number): LoadTarget {
  return { host: '127.0.0.1', port, path: '/v1/chat/completions', headers: {}, model: 'scripted' };
}

describe('runLoad against the bare engine', () => {
  let engine: RunningEngine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.close());

  it('accepts every response', async () => {
    const result = await runLoad(target(engine.port), requests, timeoutMs);
    expect(result).toMatchObject({ kind: 'requests', failed: 0, problems: [] });
    expect(result.kind === 'requests' && result.requests).toBeGreaterThan(0);
  });

  it('receives every frame of every stream', async () => {
    const result = await runLoad(target(engine.port), streams, timeoutMs);
    // Role, 12 tokens, finish and [DONE] make 15 frames.
    expect(result).toMatchObject({ streams: 40, failed: 0, tokens: 480, lostTokens: 0, frames: 600, problems: [] });
  });

  it('receives every frame of unpaced streams', async () => {
    const result = await runLoad(target(engine.port), { ...streams, tokens: 2_000, delayMs: 0 }, timeoutMs);
    expect(result).toMatchObject({ failed: 0, tokens: 80_000, lostTokens: 0 });
  });

  it('counts error responses as failures and reports them', async () => {
    const wrong = { ...target(engine.port), path: '/nowhere' };
    const result = await runLoad(wrong, requests, timeoutMs);
    expect(result).toMatchObject({ requests: 0, problems: [expect.stringContaining('status 404')] });
    const streamed = await runLoad(wrong, streams, timeoutMs);
    expect(streamed).toMatchObject({ failed: 40, tokens: 0, problems: [expect.stringContaining('status 404')] });
  });
});

describe('runLoad against faulty servers', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function faulty(handler: (response: ServerResponse) => void): Promise<LoadTarget> {
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => handler(response));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return target((server.address() as AddressInfo).port);
  }

  function frame(delta: object, finishReason: string | null = null): string {
    const choices = [{ index: 0, delta, finish_reason: finishReason }];
    return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices })}\n\n`;
  }

  const one: StreamsSpec = { ...streams, concurrency: 1, streamsEach: 1, tokens: 3 };

  it('detects a dropped frame', async () => {
    const lossy = await faulty((response) => {
      const tokens = [0, 2].map((index) => frame({ content: `tok${index} ` }));
      response.end([frame({ role: 'assistant' }), ...tokens, frame({}, 'stop'), 'data: [DONE]\n\n'].join(''));
    });
    const result = await runLoad(lossy, one, timeoutMs);
    expect(result).toMatchObject({ failed: 1, lostTokens: 2, problems: [expect.stringContaining('expected "tok1 "')] });
  });

  it('detects a connection that is closed early', async () => {
    const torn = await faulty((response) => {
      response.write(frame({ role: 'assistant' }) + frame({ content: 'tok0 ' }), () => response.destroy());
    });
    const result = await runLoad(torn, one, timeoutMs);
    expect(result).toMatchObject({ failed: 1, lostTokens: 2, problems: [expect.stringContaining('closed')] });
  });

  it('detects a modified completion', async () => {
    const wrong = await faulty((response) =>
      response.end('{"choices":[{"message":{"content":"tok0 tok1 tok2 tok3 tokX "}}]}'),
    );
    expect(await runLoad(wrong, requests, timeoutMs)).toMatchObject({
      requests: 0,
      problems: [expect.stringContaining('tokX')],
    });
  });

  it('times out on a server that never responds', async () => {
    const silent = await faulty(() => {});
    expect(await runLoad(silent, one, 100)).toMatchObject({ failed: 1, problems: [expect.stringContaining('100 ms')] });
    expect(await runLoad(silent, requests, 100)).toMatchObject({ requests: 0, failed: 4 });
  });
});
