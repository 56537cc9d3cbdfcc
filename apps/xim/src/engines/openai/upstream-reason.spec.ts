import { upstreamReason } from './upstream-reason.ts';

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
