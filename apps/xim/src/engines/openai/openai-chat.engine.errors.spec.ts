/** Errors in the body of a successful response are treated like errors with a status. */
import { beginStream, chunk, json, sse } from '../testing/fake-upstream.ts';
import { openaiHarness } from '../testing/openai-harness.ts';

const harness = openaiHarness();

const bodies: [string, object, string][] = [
  ['code 400', { error: { message: 'bad top_p', code: 400 } }, 'inference.upstream_rejected'],
  ['code "400"', { error: { message: 'bad top_p', code: '400' } }, 'inference.upstream_rejected'],
  ['code 422', { error: { message: 'bad top_p', code: 422 } }, 'inference.upstream_rejected'],
  ['status 413', { error: { message: 'too much', status: 413 } }, 'inference.upstream_rejected'],
  [
    'type invalid_request_error',
    { error: { message: 'bad top_p', type: 'invalid_request_error' } },
    'inference.upstream_rejected',
  ],
  [
    "vLLM's BadRequestError",
    { object: 'error', message: 'bad top_p', type: 'BadRequestError', param: null, code: 400 },
    'inference.upstream_rejected',
  ],
  [
    'a name as code',
    { error: { message: 'bad top_p', type: null, code: 'invalid_value' } },
    'inference.upstream_rejected',
  ],
  ["TGI's validation", { error: 'bad top_p', error_type: 'validation' }, 'inference.upstream_rejected'],
  [
    "Anthropic's form",
    { type: 'error', error: { type: 'invalid_request_error', message: 'bad top_p' } },
    'inference.upstream_rejected',
  ],
  ["FastAPI's detail with a status", { detail: 'bad top_p', status_code: 400 }, 'inference.upstream_rejected'],
  ['code 429', { error: { message: 'slow down', code: 429 } }, 'worker.busy'],
  ['type rate_limit_error', { error: { message: 'slow down', type: 'rate_limit_error' } }, 'worker.busy'],
  ['code 503', { error: { message: 'loading', code: 503 } }, 'worker.busy'],
  ["TGI's overload", { error: 'Model is overloaded', error_type: 'overloaded' }, 'worker.busy'],
  ['code 500', { error: { message: 'CUDA', code: 500, type: 'invalid_request_error' } }, 'inference.engine_failed'],
  ['code 401', { error: { message: 'key', code: 401 } }, 'inference.engine_failed'],
  ['type server_error', { error: { message: 'CUDA', type: 'server_error' } }, 'inference.engine_failed'],
  ['neither code nor type', { error: { message: 'CUDA' } }, 'inference.engine_failed'],
  ['a string', { error: 'CUDA' }, 'inference.engine_failed'],
  ['a message alone', { message: 'CUDA', code: 'unknown' }, 'inference.engine_failed'],
  [
    'context_length_exceeded',
    { error: { message: 'too long', code: 'context_length_exceeded' } },
    'inference.prompt_too_long',
  ],
];

describe('an error in a body with status 200', () => {
  it.each(bodies)('is detected with %s: before any content, after some, and in JSON', async (_what, body, code) => {
    await expect(harness.streamed([body])).rejects.toMatchObject({ code });
    await expect(harness.streamed([chunk({ content: 'a' }), body])).rejects.toMatchObject({
      code,
      details: { usage: { completionTokens: 1 } },
    });
    for (const fields of [{}, { stream: true }])
      await expect(harness.whole(body, fields)).rejects.toMatchObject({ code });
  });

  it('is reported with its reason, but without the address of the server', async () => {
    const error = { message: `bad seed at ${harness.upstream.baseUrl}`, code: 400 };
    await expect(harness.streamed([{ error }])).rejects.toMatchObject({ details: { reason: 'bad seed at [removed]' } });
  });

  it.each([null, '', {}, false])('is ignored when it is %j next to a choice', async (error) => {
    const events = [{ ...chunk({ content: 'a' }), error }, { ...chunk({}, 'stop'), error }, '[DONE]'];
    expect(await harness.streamed(events)).toMatchObject({ content: 'a', finish: ['stop'] });
  });

  it('is not detected in other events', async () => {
    const events = [{ type: 'ping' }, { message: 'warming up' }, chunk({ content: 'a' }, 'stop'), '[DONE]'];
    expect((await harness.streamed(events)).content).toBe('a');
  });

  it('is ignored after the finish reason', async () => {
    const events = [chunk({ content: 'a' }, 'stop'), { error: { message: 'late', code: 400 } }];
    expect((await harness.streamed(events)).finish).toEqual(['stop']);
  });
});

describe('Retry-After', () => {
  const rejected = (headers: Record<string, string>): Promise<unknown> => {
    harness.upstream.respond = (response) => void response.writeHead(429, headers).end();
    return harness.view({}).catch((error: unknown) => (error as { retryAfterSeconds?: number }).retryAfterSeconds);
  };

  it('may be a date', async () => {
    const seconds = (await rejected({ 'retry-after': new Date(Date.now() + 30_000).toUTCString() })) as number;
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(Number.isInteger(seconds)).toBe(true);
  });

  it.each([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0.2' }, 1],
    [{ 'retry-after': '99999' }, 300],
    [{ 'retry-after-ms': '1500' }, 2],
    [{ 'retry-after': new Date(0).toUTCString() }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ])('of %j is %p seconds', async (headers, seconds) => {
    expect(await rejected(headers)).toBe(seconds);
  });
});

describe('a prompt that does not fit', () => {
  it.each([
    [
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8500 in the messages, 500 in the completion).",
    ],
    [
      "You passed 8500 input tokens and requested 500 output tokens. However, the model's context length is only 8192 tokens.",
    ],
  ])('throws context_length_exceeded with the counts of %j', async (message) => {
    harness.upstream.respond = (response) => json(response, { error: { message } }, 400);
    await expect(harness.view({ max_tokens: 500 })).rejects.toMatchObject({
      code: 'inference.context_length_exceeded',
      details: { promptTokens: 8_500, contextTokens: 8_192 },
    });
  });

  it('is counted by subtracting the limit that was sent, when the server reports only the sum', async () => {
    const message = "This model's maximum context length is 100 tokens. However, you requested 130 tokens.";
    harness.upstream.respond = (response, { body }) =>
      Number(body['max_tokens']) <= 50
        ? json(response, { choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] })
        : json(response, { error: { message } }, 400);
    // 130 tokens are 80 of the limit and 50 of the prompt.
    expect((await harness.view({ max_tokens: 80 })).events[0]).toEqual({ type: 'head', maxTokensClampedFrom: 80 });
    expect(harness.upstream.requests.map(({ body }) => body['max_tokens'])).toEqual([80, 50]);
  });

  it('throws prompt_too_long without counts when the server reports none', async () => {
    for (const status of [400, 500]) {
      harness.upstream.respond = (response) =>
        json(response, { error: 'the input length exceeds the context length' }, status);
      const error = await harness.view({}).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'inference.prompt_too_long',
        param: 'messages',
        status: 400,
        retryable: false,
      });
      expect((error as Error).message).toContain('the input length exceeds the context length');
      expect((error as Error).message).not.toMatch(/\{|\d/);
    }
  });

  it('is distinguished from other invalid requests', async () => {
    harness.upstream.respond = (response) =>
      json(response, { error: { message: 'max_tokens is too large: 5000' } }, 400);
    await expect(harness.view({})).rejects.toMatchObject({ code: 'inference.upstream_rejected' });
  });

  it('is detected in an event of a stream', async () => {
    harness.upstream.respond = (response) => {
      beginStream(response);
      response.end(sse({ error: { message: 'prompt is too long: 9000 tokens > 8192 maximum', code: 400 } }));
    };
    await expect(harness.view({ stream: true })).rejects.toMatchObject({
      code: 'inference.context_length_exceeded',
      details: { promptTokens: 9_000, contextTokens: 8_192 },
    });
  });
});
