import { contextLengthIn, upstreamReason } from './upstream-reason.ts';

describe('upstreamReason', () => {
  it.each([
    ['OpenAI', '{"error":{"message":"top_p must be in (0, 1]","type":"BadRequestError"}}', 'top_p must be in (0, 1]'],
    ['an older vLLM', '{"object":"error","message":"no such model","code":404}', 'no such model'],
    ['FastAPI', '{"detail":[{"loc":["body","seed"],"msg":"not an integer"}]}', 'body.seed: not an integer'],
    ['a text', 'Bad request', 'Bad request'],
    ['nothing', '', 'it gave no reason'],
  ])('reads the reason as %s writes it', (_who, body, reason) => {
    expect(upstreamReason(body, [])).toBe(reason);
  });

  it('takes out addresses and credentials, and leaves the words around them', () => {
    const body =
      'POST http://gpu-7.internal:8000/v1/chat at 10.0.0.7:8000 or localhost:80 with Bearer abc.def and sk-1234567890 failed';
    expect(upstreamReason(body, [])).toBe(
      'POST [removed] at [removed] or [removed] with [removed] and [removed] failed',
    );
  });

  it('takes out what it is told is secret, whatever it looks like', () => {
    expect(upstreamReason('key hunter2 for gpu-7', ['hunter2', 'gpu-7', ''])).toBe('key [removed] for [removed]');
  });

  it('is one line of bounded length', () => {
    const reason = upstreamReason(`a\nb\u0007\u200bc${'x'.repeat(5_000)}`, []);
    expect(reason).toMatch(/^a b c/);
    expect(reason.length).toBeLessThanOrEqual(301);
  });
});

describe('contextLengthIn', () => {
  it.each([
    [
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
      4_000,
      4_096,
    ],
    [
      "'max_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 10 input tokens (5000 > 4096 - 10).",
      10,
      4_096,
    ],
    ["This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens.", 9_000, 8_192],
    [
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
      9_000,
      8_192,
    ],
    ['The decoder prompt (length 9000) is longer than the maximum model length of 8192.', 9_000, 8_192],
    ["The input (9000 tokens) is longer than the model's context length (8192 tokens).", 9_000, 8_192],
    [
      "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 10000 tokens: 9000 tokens from the input messages and 1000 tokens for the completion.",
      9_000,
      8_192,
    ],
    ['request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it', 9_000, 8_192],
  ])('reads the numbers of %j', (message, promptTokens, contextTokens) => {
    expect(contextLengthIn(JSON.stringify({ error: { message } }))).toEqual({ promptTokens, contextTokens });
  });

  it('prefers the numbers that llama-server gives beside its message', () => {
    const error = { code: 400, message: 'the request exceeds the context', n_prompt_tokens: 900, n_ctx: 512 };
    expect(contextLengthIn(JSON.stringify({ error }))).toEqual({ promptTokens: 900, contextTokens: 512 });
  });

  it.each(['top_p must be at most 1', "This model's maximum context length is 8192 tokens.", ''])(
    'reads nothing out of %j',
    (message) => {
      expect(contextLengthIn(JSON.stringify({ error: { message } }))).toBeUndefined();
    },
  );
});
