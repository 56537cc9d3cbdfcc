import { upstreamReason } from './upstream-reason.ts';

describe('upstreamReason', () => {
  it.each([
    ['OpenAI', '{"error":{"message":"top_p must be in (0, 1]","type":"BadRequestError"}}', 'top_p must be in (0, 1]'],
    ['an older vLLM', '{"object":"error","message":"no such model","code":404}', 'no such model'],
    ['FastAPI', '{"detail":[{"loc":["body","seed"],"msg":"not an integer"}]}', 'body.seed: not an integer'],
    ['a text', 'Bad request', 'Bad request'],
    ['nothing', '', 'no reason given'],
  ])('reads the reason of %s', (_who, body, reason) => {
    expect(upstreamReason(body, [])).toBe(reason);
  });

  it('removes addresses and credentials only', () => {
    const body =
      'POST http://gpu-7.internal:8000/v1/chat at 10.0.0.7:8000 or localhost:80 with Bearer abc.def and sk-1234567890 failed';
    expect(upstreamReason(body, [])).toBe(
      'POST [removed] at [removed] or [removed] with [removed] and [removed] failed',
    );
  });

  it('removes the given secrets', () => {
    expect(upstreamReason('key hunter2 for gpu-7', ['hunter2', 'gpu-7', ''])).toBe('key [removed] for [removed]');
  });

  it('returns a single line of limited length', () => {
    const reason = upstreamReason(`a\nb\u0007\u200bc${'x'.repeat(5_000)}`, []);
    expect(reason).toMatch(/^a b c/);
    expect(reason.length).toBeLessThanOrEqual(301);
  });
});
