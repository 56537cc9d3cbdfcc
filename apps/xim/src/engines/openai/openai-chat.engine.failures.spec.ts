import type { AppError } from '@xerotier/errors';
import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import {
  beginStream,
  chunk,
  FakeUpstream,
  goodResponse,
  goodStream,
  json,
  sse,
  stream,
} from '../testing/fake-upstream.ts';
import { aJob, run } from '../testing/jobs.ts';
import { OpenaiChatEngine } from './openai-chat.engine.ts';

const STREAMED = { stream: true };

describe('OpenaiChatEngine, on failures and cancellation,', () => {
  let upstream: FakeUpstream;
  const engines: OpenaiChatEngine[] = [];

  beforeEach(async () => {
    upstream = new FakeUpstream();
    await upstream.start();
  });

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
    await upstream.stop();
  });

  function anEngine(config: Partial<OpenaiConfig> = {}): OpenaiChatEngine {
    const parsed = engineConfig.parse({
      kind: 'openai',
      baseUrl: upstream.baseUrl,
      model: 'named-model',
      ...config,
    });
    const engine = new OpenaiChatEngine(parsed as OpenaiConfig);
    engines.push(engine);
    return engine;
  }

  describe('an error response', () => {
    it.each([
      [400, 'inference.upstream_rejected'],
      [413, 'inference.upstream_rejected'],
      [422, 'inference.upstream_rejected'],
      [429, 'worker.busy'],
      [503, 'worker.busy'],
      [401, 'inference.engine_failed'],
      [403, 'inference.engine_failed'],
      [404, 'inference.engine_failed'],
      [302, 'inference.engine_failed'],
      [500, 'inference.engine_failed'],
    ])('with status %i throws %s before the head, streamed or not', async (status, code) => {
      upstream.respond = (response) => json(response, { error: { message: 'because' } }, status);
      for (const streamed of [true, false]) {
        const generation = anEngine().generate(aJob({ stream: streamed }), new AbortController().signal);
        await expect(generation.next()).rejects.toMatchObject({ code });
      }
    });

    it('is reported with its reason, but without address and key of the upstream', async () => {
      const engine = anEngine({ apiKey: 'hunter2-hunter2' });
      upstream.respond = (response) =>
        json(response, { error: { message: `bad seed at ${upstream.baseUrl} for hunter2-hunter2` } }, 400);
      await run(engine, aJob()).then(
        () => expect(true).toBe(false),
        (error: Error) => {
          expect(error.message).toContain('bad seed');
          for (const secret of ['hunter2', '127.0.0.1', new URL(upstream.baseUrl).port])
            expect(error.message).not.toContain(secret);
        },
      );
    });

    it('passes on Retry-After', async () => {
      upstream.respond = (response) => void response.writeHead(429, { 'retry-after': '7' }).end();
      await expect(run(anEngine(), aJob())).rejects.toMatchObject({ code: 'worker.busy', retryAfterSeconds: 7 });
    });
  });

  describe('a failure', () => {
    const failures: [string, () => void, Partial<OpenaiConfig>][] = [
      ['early end', () => (upstream.respond = stream(chunk({ content: 'a' }))), {}],
      ['early [DONE]', () => (upstream.respond = stream(chunk({ role: 'assistant', content: '' }), '[DONE]')), {}],
      ['invalid JSON in a chunk', () => (upstream.respond = stream(chunk({ content: 'a' }), '{broken')), {}],
      [
        'error event',
        () => (upstream.respond = stream(chunk({ content: 'a' }), { error: { message: 'CUDA out of memory' } })),
        {},
      ],
      [
        'error event of an older server',
        () => (upstream.respond = stream(chunk({ content: 'a' }), { object: 'error', message: 'x' })),
        {},
      ],
      ['response of another form', () => (upstream.respond = (response) => json(response, 'Hi')), {}],
      [
        'broken connection',
        () =>
          (upstream.respond = (response) => {
            beginStream(response);
            response.write(sse(chunk({ content: 'a' })), () => response.destroy());
          }),
        {},
      ],
      ['silence before the first byte', () => (upstream.respond = () => undefined), { firstByteTimeoutMs: 50 }],
      [
        'silence after the first chunk',
        () =>
          (upstream.respond = (response) => {
            beginStream(response);
            response.write(sse(chunk({ content: 'a' })));
          }),
        { idleTimeoutMs: 50 },
      ],
    ];

    it.each(failures)(
      'by %s is inference.engine_failed, with a cause without addresses',
      async (_what, arrange, config) => {
        arrange();
        const error = await run(anEngine(config), aJob(STREAMED)).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ code: 'inference.engine_failed', cause: expect.any(Error) });
        expect(String((error as Error).cause)).not.toContain('127.0.0.1');
      },
    );

    it.each([true, false])('has no usage without output (stream: %s)', async (streamed) => {
      upstream.respond = (response) => void response.writeHead(500).end();
      const error = await run(anEngine(), aJob({ stream: streamed })).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'inference.engine_failed', details: { upstreamStatus: 500 } });
      expect((error as AppError).details).not.toHaveProperty('usage');
    });

    it('to connect is inference.engine_unavailable', async () => {
      const engine = anEngine();
      await upstream.stop();
      const error = await run(engine, aJob()).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'inference.engine_unavailable' });
      expect(String((error as Error).cause)).toContain('ECONNREFUSED');
      expect(String((error as Error).cause)).not.toContain('127.0.0.1');
      await upstream.start();
    });

    it('counts the tokens that were generated before it', async () => {
      upstream.respond = stream(chunk({ content: 'a' }), chunk({ content: 'b' }));
      await expect(run(anEngine(), aJob(STREAMED))).rejects.toMatchObject({
        details: { usage: { completionTokens: 2 } },
      });
    });
  });

  describe('a cancellation', () => {
    function endless(): void {
      upstream.respond = (response) => {
        beginStream(response);
        response.write(sse(chunk({ content: 'a' })));
      };
    }

    it('closes the connection, and counts the tokens up to then', async () => {
      endless();
      const controller = new AbortController();
      const { usage, finishReasons } = await run(anEngine(), aJob(STREAMED), {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'chunk') setTimeout(() => controller.abort(), 5);
        },
      });
      expect(usage).toMatchObject({ completionTokens: 1 });
      expect(finishReasons).toEqual([]);
      await upstream.requests[0]?.aborted;
    });

    it('by ending the iteration closes the connection', async () => {
      endless();
      for await (const event of anEngine().generate(aJob(STREAMED), new AbortController().signal)) {
        if (event.type === 'chunk') break;
      }
      await upstream.requests[0]?.aborted;
    });

    it('before the response closes the connection, streamed or not', async () => {
      for (const streamed of [true, false]) {
        upstream.requests.length = 0;
        const controller = new AbortController();
        upstream.respond = () => void setTimeout(() => controller.abort(), 5);
        const { usage } = await run(anEngine(), aJob({ stream: streamed }), { signal: controller.signal });
        expect(usage.completionTokens).toBe(0);
        await upstream.requests[0]?.aborted;
      }
    });

    it('before the start sends no request', async () => {
      await run(anEngine(), aJob(STREAMED), { signal: AbortSignal.abort() });
      expect(upstream.requests).toHaveLength(0);
    });

    it('leaves the connections usable', async () => {
      const engine = anEngine({ slots: 1 });
      endless();
      for await (const event of engine.generate(aJob(STREAMED), new AbortController().signal))
        if (event.type === 'chunk') break;
      upstream.respond = stream(...goodStream);
      expect((await run(engine, aJob(STREAMED))).text).toBe('Hi');
    });
  });

  describe('the head', () => {
    it('does not wait for an upstream that computes before it responds', async () => {
      let respond: () => void = () => undefined;
      upstream.respond = (response) => {
        respond = () => json(response, goodResponse);
      };
      const { text } = await run(anEngine(), aJob(), {
        onEvent: (event) => {
          if (event.type === 'head') respond();
        },
      });
      expect(text).toBe('Hi there');
    });
  });
});
