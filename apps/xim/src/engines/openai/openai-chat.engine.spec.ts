import { setTimeout as sleep } from 'node:timers/promises';
import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import { EngineMisconfiguredError } from '../engine.ts';
import type { ChunkChoice } from '../engine.ts';
import {
  beginStream,
  chunk,
  FakeUpstream,
  goodResponse,
  goodStream,
  json,
  sse,
  stream,
  usageChunk,
} from '../testing/fake-upstream.ts';
import { aJob, choicesOf, run } from '../testing/jobs.ts';
import { OpenaiChatEngine } from './openai-chat.engine.ts';

const STREAMED = { stream: true };
const NEVER = new AbortController().signal;

describe('OpenaiChatEngine', () => {
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

  describe('the request to the upstream', () => {
    it('omits parameters of the platform and data about the client', async () => {
      upstream.respond = stream(...goodStream);
      const request = {
        ...STREAMED,
        temperature: 0.5,
        seed: 7,
        stop: ['x'],
        tools: [{ type: 'function', function: { name: 'f' } }],
        response_format: { type: 'json_object' },
        n: 3,
        user: 'someone',
        metadata: { a: 'b' },
        store: true,
        service_tier: 'auto',
        max_completion_tokens: 50,
      };
      await run(anEngine({ apiKey: 'secret-key' }), aJob(request));
      const [received] = upstream.requests;
      expect(received?.path).toBe('/v1/chat/completions');
      expect(received?.headers.authorization).toBe('Bearer secret-key');
      expect(received?.body).toEqual({
        model: 'named-model',
        messages: [{ role: 'user', content: 'Hello there' }],
        stream: true,
        stream_options: { include_usage: true },
        temperature: 0.5,
        seed: 7,
        stop: ['x'],
        tools: [{ type: 'function', function: { name: 'f' } }],
        response_format: { type: 'json_object' },
        max_tokens: 50,
        max_completion_tokens: 50,
      });
    });

    it('has no key if none is configured, and no stream unless it is requested', async () => {
      upstream.respond = (response) => json(response, goodResponse);
      await run(anEngine(), aJob());
      expect(upstream.requests[0]?.headers.authorization).toBeUndefined();
      expect(upstream.requests[0]?.body).toMatchObject({ stream: false });
      expect(upstream.requests[0]?.body).not.toHaveProperty('stream_options');
    });
  });

  describe('a streamed response', () => {
    it('has the fields of the specification and of vLLM, with the requested index', async () => {
      const logprobs = { content: [{ token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [] }], refusal: null };
      upstream.respond = stream(
        chunk({ role: 'assistant', content: '' }),
        chunk({ reasoning_content: 'Hm' }),
        chunk({ content: 'Hi', audio: null, images: [], refusal: null }, null, {
          logprobs,
          token_ids: [1],
          secret: 'x',
        }),
        chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
        chunk({}, 'tool_calls', { stop_reason: 7 }),
        usageChunk(goodResponse.usage),
        '[DONE]',
      );
      const { events } = await run(
        anEngine(),
        aJob({ ...STREAMED, include_reasoning: true, logprobs: true }, { choiceIndex: 5 }),
      );
      expect(events[0]).toEqual({ type: 'head' });
      expect(choicesOf(events)).toEqual([
        { index: 5, delta: { role: 'assistant', content: '' }, finish_reason: null, logprobs: null },
        { index: 5, delta: { reasoning_content: 'Hm' }, finish_reason: null, logprobs: null },
        { index: 5, delta: { content: 'Hi' }, finish_reason: null, logprobs, token_ids: [1] },
        {
          index: 5,
          delta: { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
          finish_reason: null,
          logprobs: null,
        },
        { index: 5, delta: {}, finish_reason: 'tool_calls', logprobs: null, stop_reason: 7 },
      ]);
    });

    it('has no reasoning unless it is requested, and no chunk for reasoning alone', async () => {
      upstream.respond = stream(
        chunk({ role: 'assistant', content: '' }),
        chunk({ reasoning_content: 'Hm' }),
        chunk({ reasoning: 'Hm', content: 'Hi' }),
        chunk({}, 'stop'),
        '[DONE]',
      );
      const { events, usage } = await run(anEngine(), aJob(STREAMED));
      expect(choicesOf(events).map((choice) => (choice as ChunkChoice).delta)).toEqual([
        { role: 'assistant', content: '' },
        { content: 'Hi' },
        {},
      ]);
      expect(usage.completionTokens).toBe(2);
    });

    it('has the role in the first chunk only', async () => {
      upstream.respond = stream(
        chunk({ content: 'a' }),
        chunk({ role: 'assistant', content: 'b' }),
        chunk({ role: 'assistant' }, 'stop'),
        '[DONE]',
      );
      const { events } = await run(anEngine(), aJob(STREAMED));
      expect(choicesOf(events).map((choice) => ('delta' in choice ? choice.delta : undefined))).toEqual([
        { role: 'assistant', content: 'a' },
        { content: 'b' },
        {},
      ]);
    });

    it('ends at the first finish reason', async () => {
      upstream.respond = stream(
        chunk({ content: 'a' }),
        chunk({}, 'stop'),
        chunk({ content: 'b' }, 'length'),
        usageChunk(goodResponse.usage),
        '[DONE]',
      );
      const { finishReasons, text, usage } = await run(anEngine(), aJob(STREAMED));
      expect({ finishReasons, text }).toEqual({ finishReasons: ['stop'], text: 'a' });
      expect(usage.promptTokens).toBe(9);
    });

    it('is the same wherever its bytes are split', async () => {
      const text = 'Grüße, 漢字 and 😀';
      const bytes = Buffer.from(
        [chunk({ role: 'assistant', content: '' }), chunk({ content: text }), chunk({}, 'stop'), '[DONE]']
          .map(sse)
          .join('')
          .replaceAll('\n', '\r\n'),
      );
      upstream.respond = async (response) => {
        beginStream(response);
        for (let from = 0; from < bytes.length; from += 7) {
          response.write(bytes.subarray(from, from + 7));
          await sleep(0);
        }
        response.end();
      };
      expect((await run(anEngine(), aJob(STREAMED))).text).toBe(text);
    });

    it('is yielded chunk by chunk while the upstream is still writing', async () => {
      let finish: () => void = () => undefined;
      upstream.respond = (response) => {
        beginStream(response);
        response.write(sse(chunk({ content: 'first' })));
        finish = () => response.end(sse(chunk({}, 'stop')));
      };
      const { text } = await run(anEngine(), aJob(STREAMED), {
        onEvent: (event) => {
          if (event.type === 'chunk') finish();
        },
      });
      expect(text).toBe('first');
    });

    it('is complete with the finish reason, even if the connection then breaks or stays open', async () => {
      for (const end of ['destroy', 'keep'] as const) {
        upstream.respond = (response) => {
          beginStream(response);
          response.write(sse(chunk({ content: 'a' }, 'stop')) + (end === 'keep' ? sse('[DONE]') : ''));
          if (end === 'destroy') setTimeout(() => response.destroy(), 20);
        };
        expect((await run(anEngine(), aJob(STREAMED))).finishReasons).toEqual(['stop']);
      }
    });
  });

  describe('usage', () => {
    it('is that of the upstream, with all details', async () => {
      const usage = {
        ...goodResponse.usage,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: {
          reasoning_tokens: 2,
          accepted_prediction_tokens: 1,
          rejected_prediction_tokens: 6,
        },
      };
      upstream.respond = stream(...goodStream.slice(0, 3), usageChunk(usage), '[DONE]');
      expect((await run(anEngine(), aJob(STREAMED))).usage).toEqual({
        promptTokens: 9,
        cachedTokens: 4,
        completionTokens: 3,
        reasoningTokens: 2,
        acceptedPredictionTokens: 1,
        rejectedPredictionTokens: 6,
      });
    });

    it('is estimated when the upstream reports none', async () => {
      upstream.respond = stream(
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'a' }),
        chunk({ content: 'b' }),
        chunk({}, 'stop'),
        '[DONE]',
      );
      expect((await run(anEngine(), aJob(STREAMED))).usage).toMatchObject({
        promptTokens: 3 + 4,
        completionTokens: 2,
        cachedTokens: 0,
      });
    });

    it.each([{ prompt_tokens: 'many' }, { prompt_tokens: -1 }, 5])(
      'is estimated when the report is %j',
      async (usage) => {
        upstream.respond = stream(chunk({ content: 'a' }, 'stop'), usageChunk(usage as object), '[DONE]');
        expect((await run(anEngine(), aJob(STREAMED))).usage.completionTokens).toBe(1);
      },
    );
  });

  describe('the fingerprint of the upstream', () => {
    const heads = async (params: Record<string, unknown> = {}): Promise<unknown[]> =>
      (await run(anEngine(), aJob(params))).events.filter(({ type }) => type === 'head');

    it('is yielded in a second head before the first chunk', async () => {
      upstream.respond = (response) => json(response, { ...goodResponse, system_fingerprint: 'fp_1' });
      expect(await heads()).toEqual([{ type: 'head' }, { type: 'head', systemFingerprint: 'fp_1' }]);
      const first = { ...chunk({ content: 'a' }), system_fingerprint: 'fp_1' };
      upstream.respond = stream(first, { ...chunk({}, 'stop'), system_fingerprint: 'fp_2' }, '[DONE]');
      const { events } = await run(anEngine(), aJob(STREAMED));
      expect(events.map(({ type }) => type)).toEqual(['head', 'head', 'chunk', 'chunk']);
      expect(events[1]).toEqual({ type: 'head', systemFingerprint: 'fp_1' });
    });

    it.each([undefined, null, 7, {}, 'x'.repeat(257)])('is ignored when it is %j', async (fingerprint) => {
      upstream.respond = (response) => json(response, { ...goodResponse, system_fingerprint: fingerprint });
      expect(await heads()).toEqual([{ type: 'head' }]);
    });
  });

  describe('a response that is not streamed', () => {
    it('is one event, with the usage of the upstream', async () => {
      upstream.respond = (response) => json(response, goodResponse);
      const { events, usage } = await run(anEngine(), aJob({}, { choiceIndex: 2 }));
      expect(events).toEqual([
        { type: 'head' },
        {
          type: 'response',
          choices: [
            {
              index: 2,
              message: { role: 'assistant', content: 'Hi there', refusal: null, annotations: [] },
              finish_reason: 'stop',
              logprobs: null,
            },
          ],
        },
      ]);
      expect(usage).toMatchObject({ promptTokens: 9, completionTokens: 3 });
    });

    it('is complete without a finish reason, too', async () => {
      for (const finish_reason of [null, undefined, ''])
        upstream.respond = (response) => json(response, { choices: [{ message: { content: 'a' }, finish_reason }] });
      expect(await run(anEngine(), aJob())).toMatchObject({ text: 'a', finishReasons: ['stop'] });
    });

    it('keeps tool calls, reasoning and annotations of the message', async () => {
      const message = {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        reasoning_content: 'Hm',
        annotations: [{ type: 'url_citation' }],
      };
      upstream.respond = (response) =>
        json(response, { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
      const { events, usage } = await run(anEngine(), aJob({ include_reasoning: true }));
      expect(choicesOf(events)[0]).toMatchObject({ message: { ...message, refusal: null } });
      expect(usage.completionTokens).toBeGreaterThan(0);
    });

    it.each([
      ['no choice', { choices: [] }],
      ['a choice without content', { choices: [{ index: 0, message: { content: '' } }] }],
      ['a choice without a message', { choices: [{ index: 0, finish_reason: 'stop' }] }],
      ['an error', { error: { message: 'out of memory' } }],
      ['an array', [1]],
    ])('fails when the upstream responds with %s', async (_what, body) => {
      upstream.respond = (response) => json(response, body);
      await expect(run(anEngine(), aJob())).rejects.toMatchObject({ code: 'inference.engine_failed' });
    });
  });

  describe('a token limit', () => {
    it('of at least the whole context is not sent, and reported as clamped', async () => {
      upstream.respond = stream(...goodStream);
      const { events } = await run(anEngine({ contextTokens: 100 }), aJob({ ...STREAMED, max_tokens: 100 }));
      expect(events[0]).toEqual({ type: 'head', maxTokensClampedFrom: 100 });
      expect(upstream.requests[0]?.body).not.toHaveProperty('max_tokens');
    });

    it('that may fit is sent unchanged', async () => {
      upstream.respond = stream(...goodStream);
      const { events } = await run(anEngine({ contextTokens: 100 }), aJob({ ...STREAMED, max_tokens: 99 }));
      expect(events[0]).toEqual({ type: 'head' });
      expect(upstream.requests[0]?.body).toMatchObject({ max_tokens: 99 });
    });

    it('that exceeds the context is lowered to the room that the upstream reports', async () => {
      upstream.respond = (response, { body }) => {
        if (Number(body['max_tokens']) <= 90) return stream(...goodStream)(response, upstream.requests[0]!);
        return json(
          response,
          {
            error: {
              message: "This model's maximum context length is 100 tokens and your request has 10 input tokens.",
            },
          },
          400,
        );
      };
      const { events, finishReasons } = await run(
        anEngine({ contextTokens: 100 }),
        aJob({ ...STREAMED, max_tokens: 95 }),
      );
      expect(events[0]).toEqual({ type: 'head', maxTokensClampedFrom: 95 });
      expect(finishReasons).toEqual(['stop']);
      expect(upstream.requests.map(({ body }) => body['max_tokens'])).toEqual([95, 90]);
    });

    it('that a slow upstream rejects after the head is reported in a second head', async () => {
      const message = "This model's maximum context length is 100 tokens and your request has 10 input tokens.";
      upstream.respond = (response, request) => {
        if (Number(request.body['max_tokens']) <= 90) return stream(...goodStream)(response, request);
        // Longer than the head waits for a response.
        setTimeout(() => json(response, { error: { message } }, 400), 400);
      };
      const { events } = await run(anEngine({ contextTokens: 100 }), aJob({ ...STREAMED, max_tokens: 95 }));
      expect(events.filter(({ type }) => type === 'head')).toEqual([
        { type: 'head' },
        { type: 'head', maxTokensClampedFrom: 95 },
      ]);
    });

    it('is not lowered for a prompt that is too long by itself', async () => {
      const message = "This model's maximum context length is 100 tokens. However, your request has 120 input tokens.";
      upstream.respond = (response) => json(response, { error: { message } }, 400);
      await expect(run(anEngine(), aJob({ ...STREAMED, max_tokens: 95 }))).rejects.toMatchObject({
        code: 'inference.context_length_exceeded',
        details: { promptTokens: 120, contextTokens: 100 },
      });
      expect(upstream.requests).toHaveLength(1);
    });
  });

  describe('check', () => {
    it('uses the first model that the server lists, and its context length', async () => {
      upstream.respond = stream(...goodStream);
      const engine = anEngine({ model: undefined });
      await engine.check(NEVER);
      expect(engine.contextTokens).toBe(2_048);
      await run(engine, aJob(STREAMED));
      expect(upstream.requests.at(-1)?.body).toMatchObject({ model: 'upstream-model' });
    });

    it('prefers the configured context length', async () => {
      const engine = anEngine({ contextTokens: 77 });
      await engine.check(NEVER);
      expect(engine.contextTokens).toBe(77);
      expect(anEngine().contextTokens).toBeUndefined();
    });

    it('updates the context length', async () => {
      const engine = anEngine({ model: undefined });
      await engine.check(NEVER);
      upstream.models = (response) => json(response, { data: [{ id: 'another', max_model_len: 4_096 }] });
      await engine.check(NEVER);
      expect(engine.contextTokens).toBe(4_096);
    });

    it.each([404, 405, 501])('requires no list of models (%i) if a name is configured', async (status) => {
      upstream.models = (response) => json(response, {}, status);
      upstream.respond = stream(...goodStream);
      const engine = anEngine();
      await engine.check(NEVER);
      await run(engine, aJob(STREAMED));
      expect(upstream.requests.at(-1)?.body).toMatchObject({ model: 'named-model' });
    });

    it('requires a name without a list of models', async () => {
      upstream.models = (response) => json(response, {}, 404);
      await expect(anEngine({ model: undefined }).check(NEVER)).rejects.toThrow(/XIM_UPSTREAM_MODEL.*end.* in \/v1/);
    });

    it.each([401, 403])('rejects with EngineMisconfiguredError after a %i', async (status) => {
      upstream.models = (response) => json(response, {}, status);
      const failure = anEngine().check(NEVER);
      await expect(failure).rejects.toThrow(/XIM_UPSTREAM_KEY/);
      await expect(failure).rejects.toBeInstanceOf(EngineMisconfiguredError);
    });

    it.each([500, 503])('rejects with another error after a %i', async (status) => {
      upstream.models = (response) => json(response, {}, status);
      await expect(anEngine().check(NEVER)).rejects.not.toBeInstanceOf(EngineMisconfiguredError);
    });

    it('rejects when the server lists no models', async () => {
      upstream.models = (response) => json(response, { data: [{ id: 5 }] });
      await expect(anEngine({ model: undefined }).check(NEVER)).rejects.toThrow('XIM_UPSTREAM_MODEL');
    });
  });
});
