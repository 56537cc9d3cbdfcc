import { AppError } from '@xerotier/errors';
import { failureOf } from './response-object.ts';

describe('failureOf', () => {
  it.each([
    ['request.invalid', 400, 'invalid_prompt'],
    ['item.not_found', 404, 'invalid_prompt'],
    ['websocket.too_many_of_project', 429, 'rate_limit_exceeded'],
    ['inference.engine_failed', 500, 'server_error'],
    ['router.no_worker', 503, 'server_error'],
  ] as const)('of %s has a code of the specification', (code, status, expected) => {
    const error = new AppError(code, {});
    expect(error.status).toBe(status);
    expect(failureOf(error)).toMatchObject({
      status: 'failed',
      error: { code: expected, message: expect.any(String) },
    });
  });

  it('of what was cancelled has no error', () => {
    expect(failureOf(new AppError('inference.cancelled'))).toMatchObject({ status: 'cancelled', error: null });
  });

  it('has the usage so far', () => {
    const usage = { promptTokens: 3, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 };
    expect(failureOf(new AppError('inference.engine_failed', { usage })).usage).toMatchObject(usage);
    expect(failureOf(new AppError('inference.engine_failed')).usage).toBeNull();
  });
});
