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
    expect(error.type).toMatch(/_error$|^service_unavailable$|^insufficient_quota$/);
  });

  it('has retry_after on 429 and 503 only', () => {
    for (const { status, error } of bodies) {
      const present = 'retry_after' in error && 'retry_strategy' in error;
      const absent = !('retry_after' in error) && !('retry_strategy' in error);
      expect(status === 429 || status === 503 ? present : absent).toBe(true);
    }
  });

  it('names the invalid field, or null', () => {
    const error = new AppError('request.invalid', { reason: 'no.' }, { param: 'messages[0]' });
    expect(publicErrorBody(error).error).toMatchObject({ param: 'messages[0]', code: 'invalid_request' });
    expect(publicErrorBody(new AppError('internal')).error.param).toBeNull();
  });

  it('exposes neither the internal code, nor details, nor the cause', () => {
    const details = { model: 'm', internalAddress: '10.0.0.1' };
    const error = new AppError('router.no_worker', details, { cause: new Error('boom') });
    expect(JSON.stringify(publicErrorBody(error))).not.toMatch(/10\.0\.0\.1|boom|router\.no_worker/);
  });
});

describe('the public message', () => {
  it('is the message itself unless the code has a public one', () => {
    const error = new AppError('model.not_found', { model: 'gpt-9' });
    expect(publicErrorBody(error).error.message).toBe(error.message);
    expect(error.message).toContain('gpt-9');
  });

  it('hides internals that the message names, which the log keeps', () => {
    const error = new AppError('bus.no_responders', { subject: 'infer.v1.secret-model.w1' });
    expect(error.message).toBe('No responders on infer.v1.secret-model.w1.');
    expect(publicErrorBody(error).error.message).toBe('The service is temporarily unavailable. Try again later.');
    expect(JSON.stringify(error.toWire())).toContain('infer.v1.secret-model.w1');
  });

  it('exposes no detail of an error of the bus, the database or a worker', () => {
    const details = { subject: 'S-INSIDE', reason: 'R-INSIDE', schema: 'D-INSIDE', bytesMax: 'B-INSIDE' };
    for (const { code } of bodies.filter(({ code }) => /^(?:bus|db|worker|internal)/.test(code))) {
      expect(JSON.stringify(publicErrorBody(new AppError(code as 'internal', details)))).not.toContain('INSIDE');
    }
  });
});

describe('retryAfterSeconds', () => {
  it.each([
    [undefined, 1],
    [0, 1],
    [0.2, 1],
    [1.2, 2],
    [30, 30],
  ])('rounds %p up to %p seconds', (given, expected) => {
    const options = given === undefined ? {} : { retryAfterSeconds: given };
    expect(retryAfterSeconds(new AppError('router.unavailable', {}, options))).toBe(expected);
  });
});
