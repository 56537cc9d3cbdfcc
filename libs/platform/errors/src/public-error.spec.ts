import { errors } from '@xerotier/contracts/errors';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { AppError } from './app-error.ts';
import { publicErrorBody, retryAfterSeconds } from './public-error.ts';

const bodies = (Object.keys(errors) as ErrorCode[]).map((code) => {
  const error = new AppError(code as 'internal', {});
  return { code, status: error.status, ...publicErrorBody(error) };
});

describe('the public error body', () => {
  it.each(bodies)('of $code has all four keys and a type', ({ error }) => {
    expect(Object.keys(error)).toEqual(expect.arrayContaining(['message', 'type', 'param', 'code']));
    expect(error.type).toMatch(/_error$|^service_unavailable$/);
  });

  it('tells on 429 and 503, and on nothing else, when to come again', () => {
    for (const { status, error } of bodies) {
      const tells = 'retry_after' in error && 'retry_strategy' in error;
      const silent = !('retry_after' in error) && !('retry_strategy' in error);
      expect(status === 429 || status === 503 ? tells : silent).toBe(true);
    }
  });

  it('names the field at fault, or null', () => {
    const error = new AppError('request.invalid', { reason: 'no.' }, { param: 'messages[0]' });
    expect(publicErrorBody(error).error).toMatchObject({ param: 'messages[0]', code: 'invalid_request' });
    expect(publicErrorBody(new AppError('internal')).error.param).toBeNull();
  });

  it('shows neither the inner code, nor details, nor the cause', () => {
    const details = { model: 'm', internalAddress: '10.0.0.1' };
    const error = new AppError('router.no_worker', details, { cause: new Error('boom') });
    expect(JSON.stringify(publicErrorBody(error))).not.toMatch(/10\.0\.0\.1|boom|router\.no_worker/);
  });
});

describe('retryAfterSeconds', () => {
  it.each([
    [undefined, 1],
    [0, 1],
    [0.2, 1],
    [1.2, 2],
    [30, 30],
  ])('of %p is %p whole seconds', (given, told) => {
    const options = given === undefined ? {} : { retryAfterSeconds: given };
    expect(retryAfterSeconds(new AppError('router.unavailable', {}, options))).toBe(told);
  });
});
