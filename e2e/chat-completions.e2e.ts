/**
 * `POST /v1/chat/completions` on the wire: what the OpenAI specification requires and implementations often get wrong. The
 * scripted engine generates exactly what it is given, which makes everything around an engine observable; what depends on a
 * real engine runs on a model with random weights. Rejected requests are in `chat-parameters.e2e.ts`.
 */
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ApiClient, ChatBody } from './support/api-client.ts';
import { contentOf, expectError, hello } from './support/chat-checks.ts';
import type { EventStream } from './support/event-stream.ts';
import { addTenant } from './support/tenant.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

const test = testPlatform(bothEngines);

const tiny = (): ApiClient => test.api.with({ endpointSlug: 'tiny' });

async function streamed(body: ChatBody, api: ApiClient = test.api): Promise<EventStream> {
  const stream = await api.stream(body);
  expect(await stream.ended).toBe('done');
  return stream;
}

describe('streamed completion', () => {
  it('is sent as server-sent events that must not be cached, buffered or compressed', async () => {
    const stream = await test.api.stream(scripted({ tokens: 2 }), { headers: { 'accept-encoding': 'gzip, br' } });
    expect(await stream.ended).toBe('done');
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('cache-control')).toContain('no-cache');
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.headers.get('content-encoding')).toBeNull();
  });

  it.each([0, 1, 7, 500])(
    'of %d tokens begins with one role, ends with one finish reason, and is complete',
    async (tokens) => {
      const stream = await streamed(scripted({ tokens }));
      const choices = stream.chunks.map((chunk) => chunk.choices[0]);
      expect(choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
      expect(choices.filter((choice) => choice?.delta.role !== undefined)).toHaveLength(1);
      expect(stream.finishReasons()).toEqual(['stop']);
      expect(choices.at(-1)?.finish_reason).toBe('stop');
      expect(stream.text()).toBe(numberedTokens(tokens));
    },
  );

  it('has the same id, creation time, model and tier in every chunk', async () => {
    const { chunks } = await streamed(
      scripted({ tokens: 20, delayMs: 1 }, { stream_options: { include_usage: true } }),
    );
    const heads = chunks.map(({ id, object, created, model, service_tier, system_fingerprint }) =>
      JSON.stringify({ id, object, created, model, service_tier, system_fingerprint }),
    );
    expect(new Set(heads).size).toBe(1);
    expect(chunks[0]).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion.chunk',
      model: 'scripted',
      service_tier: 'self_hosted',
      system_fingerprint: expect.any(String),
    });
    expect(Math.abs((chunks[0]?.created ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
  });

  it('is not corrupted by generated text that looks like server-sent events', async () => {
    const text = 'a\n\ndata: [DONE]\n\ndata: {"error":{}}\r\n\r\n: b\u2028\u2029 \u0000 \\ " 😀 </s> end';
    const stream = await streamed(scripted({ text }));
    expect(stream.text()).toBe(text);
    expect(contentOf(await test.api.chat(scripted({ text })))).toBe(text);
  });

  it('is complete when it is long and generated at full speed', async () => {
    const stream = await streamed(scripted({ tokens: 8_000 }));
    expect(stream.text()).toBe(numberedTokens(8_000));
  });

  it('is an HTTP error when the engine fails before the first token', async () => {
    const response = await test.api.rejected(scripted({ failAfter: 0 }, { stream: true }));
    expectError(response, 500, 'engine_error', null);
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('ends with an error event, nested and flat, when the engine fails after the first token', async () => {
    const stream = await test.api.stream(scripted({ tokens: 9, failAfter: 3 }));
    expect(await stream.ended).toBe('error');
    expect(stream.text()).toBe(numberedTokens(3));
    expect(stream.error).toMatchObject({ type: 'stream_error', code: 'engine_error', message: expect.any(String) });
    const { error: _, ...flat } = stream.errorEvent as Record<string, unknown>;
    expect(flat).toEqual(stream.error);
    expect(stream.finishReasons()).toEqual([]);
  });
});

describe('stream_options', () => {
  const reply = scripted({ tokens: 4, promptTokens: 6, cachedTokens: 2 });

  it('with include_usage sends usage null in every chunk and the usage in a last chunk without choices', async () => {
    const { chunks, usage } = await streamed({ ...reply, stream_options: { include_usage: true } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(true);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(usage).toEqual((await test.api.chat(reply)).body.usage);
    expect(usage).toMatchObject({
      prompt_tokens: 6,
      completion_tokens: 4,
      total_tokens: 10,
      prompt_tokens_details: { cached_tokens: 2 },
    });
  });

  it.each([undefined, null, {}, { include_usage: false }, { include_usage: null }])(
    'sends no usage for %j',
    async (stream_options) => {
      const { chunks } = await streamed({ ...reply, stream_options });
      expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
      expect(chunks.every((chunk) => chunk.choices.length === 1)).toBe(true);
    },
  );

  it.each([undefined, null, false])('is rejected when stream is %p', async (stream) => {
    const response = await test.api.rejected({ ...reply, stream, stream_options: { include_usage: true } });
    expectError(response, 400, 'invalid_request', 'stream_options');
  });
});

describe('n', () => {
  it('returns n choices, and counts the prompt once and all completions', async () => {
    const { body } = await test.api.chat(scripted({ tokens: 4, promptTokens: 10 }, { n: 3 }));
    expect(body.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(body.choices.every(({ message }) => message.content === numberedTokens(4))).toBe(true);
    expect(body.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 });
  });

  it('streams the choices concurrently, each with one role and one finish reason', async () => {
    const stream = await streamed(
      scripted({ tokens: 10, delayMs: 20 }, { n: 3, stream_options: { include_usage: true } }),
    );
    const order = stream.chunks.flatMap(({ choices }) => choices.map(({ index }) => index));
    expect(order.lastIndexOf(0)).toBeGreaterThan(order.indexOf(1));
    expect(order.lastIndexOf(1)).toBeGreaterThan(order.indexOf(2));
    for (const index of [0, 1, 2]) {
      expect(stream.text(index)).toBe(numberedTokens(10));
      expect(stream.finishReasons(index)).toEqual(['stop']);
      const own = stream.chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
      expect(own.filter(({ delta }) => delta.role !== undefined)).toEqual([own[0]]);
      expect(own.at(-1)?.finish_reason).toBe('stop');
    }
    expect(stream.usage).toMatchObject({ completion_tokens: 30 });
  });

  it('accepts 128, more than the worker has slots', async () => {
    const { body } = await test.api.chat(scripted({ tokens: 2 }, { n: 128 }));
    expect(body.choices.map(({ index }) => index)).toEqual(Array.from({ length: 128 }, (_, i) => i));
    expect(body.usage.completion_tokens).toBe(256);
  });

  it('returns different choices for one seed', async () => {
    const { body } = await tiny().chat(hello({ n: 2, seed: 11, max_tokens: 24 }));
    expect(body.choices[0]?.message.content).not.toBe(body.choices[1]?.message.content);
  });

  it.each([0, -1, 129, 1.5, '2', true, [2]])('is rejected when it is %j', async (n) => {
    expectError(await test.api.rejected(scripted({ tokens: 1 }, { n })), 400, 'invalid_request', 'n');
  });
});

describe('stop', () => {
  const counting = 'one two three four five';

  it.each<[string, unknown, string]>([
    ['a word', 'three', 'one two '],
    ['a word that spans two chunks', 'o thr', 'one tw'],
    ['a sequence that spans many chunks', 'ne two three four f', 'o'],
    ['the first match of several', ['five', 'four', 'three'], 'one two '],
    ['a single character', 'v', 'one two three four fi'],
    ['the beginning of the text', 'one', ''],
    ['the end of the text', 'five', 'one two three four '],
  ])('ends the text before %s, with and without stream', async (_, stop, expected) => {
    const body = scripted({ text: counting }, { stop });
    const whole = await test.api.chat(body);
    expect(contentOf(whole)).toBe(expected);
    expect(whole.body.choices[0]?.finish_reason).toBe('stop');
    const stream = await streamed(body);
    expect(stream.text()).toBe(expected);
    expect(stream.finishReasons()).toEqual(['stop']);
  });

  it.each<[string, unknown]>([
    ['matches only partially at the end', 'five six'],
    ['matches partially several times', 'one two thread'],
    ['does not occur', 'never'],
    ['is null', null],
    ['is an empty list', []],
  ])('has no effect when it %s', async (_, stop) => {
    const body = scripted({ text: counting }, { stop });
    expect(contentOf(await test.api.chat(body))).toBe(counting);
    expect((await streamed(body)).text()).toBe(counting);
  });

  it('accepts four strings of 256 characters', async () => {
    const stop = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(256));
    expect(contentOf(await test.api.chat(scripted({ text: counting }, { stop })))).toBe(counting);
  });

  it.each<[string, unknown]>([
    ['five strings', ['a', 'b', 'c', 'd', 'e']],
    ['a string of 257 characters', 'x'.repeat(257)],
    ['a list with a string of 257 characters', ['x'.repeat(257)]],
    ['a number', 7],
    ['a list of numbers', [7]],
    ['an object', {}],
  ])('is rejected when it is %s', async (_, stop) => {
    const response = await test.api.rejected(scripted({ text: counting }, { stop }));
    expectError(response, 400, 'invalid_request', expect.stringMatching(/^stop/));
  });

  it('matches across tokens of a real model', async () => {
    const body = hello({ temperature: 0, seed: 3, max_tokens: 32 });
    const text = contentOf(await tiny().chat(body));
    // From the middle of the text, so that it occurs, and long enough to span tokens.
    const stop = text.slice(10, 18);
    const expected = text.slice(0, text.indexOf(stop));
    expect(contentOf(await tiny().chat({ ...body, stop }))).toBe(expected);
    expect((await streamed({ ...body, stop }, tiny())).text()).toBe(expected);
  });
});

describe('max_tokens and max_completion_tokens', () => {
  it.each<[string, ChatBody]>([
    ['max_tokens', { max_tokens: 5 }],
    ['max_completion_tokens', { max_completion_tokens: 5 }],
    ['max_completion_tokens when both are set', { max_tokens: 3, max_completion_tokens: 5 }],
    ['max_completion_tokens when max_tokens is larger', { max_tokens: 9, max_completion_tokens: 5 }],
  ])('end the completion at exactly %s', async (_, limit) => {
    const body = scripted({ tokens: 50 }, limit);
    const whole = await test.api.chat(body);
    expect(contentOf(whole)).toBe(numberedTokens(5));
    expect(whole.body.choices[0]?.finish_reason).toBe('length');
    expect(whole.body.usage.completion_tokens).toBe(5);
    const stream = await streamed({ ...body, stream_options: { include_usage: true } });
    expect(stream.text()).toBe(numberedTokens(5));
    expect(stream.finishReasons()).toEqual(['length']);
    expect(stream.usage).toEqual(whole.body.usage);
  });

  it('end a completion of a real model at exactly that number of tokens', async () => {
    const { body } = await tiny().chat(hello({ temperature: 0, seed: 1, max_tokens: 9 }));
    expect(body.choices[0]?.finish_reason).toBe('length');
    expect(body.usage.completion_tokens).toBe(9);
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + 9);
  });

  it('have no effect when the completion is shorter', async () => {
    const { body } = await test.api.chat(scripted({ tokens: 5 }, { max_tokens: 6 }));
    expect(body.choices[0]?.finish_reason).toBe('stop');
  });

  it('are clamped to the remaining context, and a header has the requested value', async () => {
    const whole = await tiny().chat(hello({ max_tokens: 1_000_000, stop: ['a', 'e', 'i', ' '] }));
    expect(whole.headers.get('x-xerotier-max-tokens-clamped')).toBe('1000000');
    const stream = await tiny().stream(hello({ max_tokens: 1, max_completion_tokens: 999_999 }));
    expect(stream.headers.get('x-xerotier-max-tokens-clamped')).toBe('999999');
    stream.abort();
  });

  it('have no header when they were not clamped', async () => {
    expect((await tiny().chat(hello())).headers.has('x-xerotier-max-tokens-clamped')).toBe(false);
  });

  it.each(['max_tokens', 'max_completion_tokens'])('are rejected when %s is not a positive integer', async (param) => {
    for (const value of [0, -1, 1.5, '5', true]) {
      expectError(await test.api.rejected(scripted({}, { [param]: value })), 400, 'invalid_request', param);
    }
  });
});

describe('every completion', () => {
  it("has the endpoint's tier, also in every chunk, whatever the request contains", async () => {
    const shared = test.api.with({ endpointSlug: 'shared' });
    const body = scripted({ tokens: 3 }, { service_tier: 'priority' });
    expect((await shared.chat(body)).body.service_tier).toBe('gpu_nvidia_shared');
    const { chunks } = await streamed({ ...body, stream_options: { include_usage: true } }, shared);
    expect(new Set(chunks.map(({ service_tier }) => service_tier))).toEqual(new Set(['gpu_nvidia_shared']));
    expect((await test.api.chat(scripted({ tokens: 1 }))).body.service_tier).toBe('self_hosted');
  });

  it('has the id of its worker', async () => {
    const workerId = String(test.platform.service('xim').facts['workerId']);
    expect((await test.api.chat(scripted({ tokens: 1 }))).headers.get('x-xerotier-worker-id')).toBe(workerId);
    expect((await streamed(scripted({ tokens: 1 }))).headers.get('x-xerotier-worker-id')).toBe(workerId);
    expect((await tiny().chat(hello())).headers.get('x-xerotier-worker-id')).not.toBe(workerId);
  });

  it('has a stable system fingerprint', async () => {
    const [first, second] = [await tiny().chat(hello()), await tiny().chat(hello({ seed: 5 }))];
    expect(first.body.system_fingerprint).toMatch(/\S/);
    expect(second.body.system_fingerprint).toBe(first.body.system_fingerprint);
  });

  it('has a unique request id and completion id', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => test.api.chat(scripted({ tokens: 1 }))));
    expect(new Set(responses.map(({ requestId }) => requestId)).size).toBe(20);
    expect(new Set(responses.map(({ body }) => body.id)).size).toBe(20);
  });

  it('has the same usage with and without stream, and a total that is the sum', async () => {
    const body = hello({ temperature: 0, seed: 9, messages: [{ role: 'user', content: 'Count the words of this.' }] });
    const { usage } = (await tiny().chat(body)).body;
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
    const stream = await streamed({ ...body, stream_options: { include_usage: true } }, tiny());
    expect(stream.usage).toMatchObject({
      prompt_tokens: usage.prompt_tokens,
      completion_tokens: usage.completion_tokens,
      total_tokens: usage.total_tokens,
    });
  });
});

describe('context of a real model', () => {
  const longPrompt = (salt: string, words: number): ChatBody =>
    hello({
      messages: [{ role: 'user', content: `${salt} ${Array.from({ length: words }, (_, i) => `w${i}`).join(' ')}` }],
      max_tokens: 2,
      temperature: 0,
    });

  it('returns context_length_exceeded for a prompt that is too long, with and without stream', async () => {
    const body = longPrompt('overflow', 6_000);
    expectError(await tiny().rejected(body), 400, 'context_length_exceeded', 'messages');
    expectError(await tiny().rejected({ ...body, stream: true }), 400, 'context_length_exceeded', 'messages');
  });

  it('is reused for a repeated prompt, and the usage has the cached tokens', async () => {
    const body = longPrompt('again', 100);
    const cached = async (): Promise<number> => {
      const { usage } = (await tiny().chat(body)).body;
      expect(usage.prompt_tokens_details.cached_tokens).toBeLessThanOrEqual(usage.prompt_tokens);
      return usage.prompt_tokens_details.cached_tokens;
    };
    const first = await cached();
    expect(await cached()).toBeGreaterThan(first + 100);
  });

  it('is never shared between projects, where it would reveal prompts of others', async () => {
    const stranger = await addTenant(test.platform, 'xero-random');
    const body = longPrompt('secret', 100);
    await tiny().chat(body);
    await tiny().chat(body);
    const theirs = await test.api.with(stranger).chat(body);
    expect(theirs.body.usage.prompt_tokens_details.cached_tokens).toBe(0);
  });
});
