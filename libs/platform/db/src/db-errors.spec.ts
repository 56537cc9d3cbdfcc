import { AppError } from '@xerotier/errors';
import { QueryFailedError } from 'typeorm';
import { translateDbError, UniqueViolation, withDbErrors } from './db-errors.ts';

function failedQuery(fields: { code?: string; constraint?: string; message?: string }): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], Object.assign(new Error(fields.message ?? 'failed'), fields));
}

describe('translateDbError', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['an unknown host', Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['a broken connection', failedQuery({ message: 'Connection terminated unexpectedly' })],
    ['a server that shuts down', failedQuery({ code: '57P01' })],
    ['a server that starts', failedQuery({ code: '57P03' })],
    ['a statement that took too long', failedQuery({ code: '57014' })],
    ['too many connections', failedQuery({ code: '53300' })],
    ['a full disk', failedQuery({ code: '53100' })],
    ['a standby that takes no writes', failedQuery({ code: '25006' })],
  ])('turns %s into db.unavailable and keeps the cause', (_, error) => {
    expect(translateDbError(error)).toMatchObject({ code: 'db.unavailable', cause: error });
  });

  it.each([
    ['a syntax error', failedQuery({ code: '42601' })],
    ['a value that does not fit', failedQuery({ code: '22P02' })],
    ['a missing table', failedQuery({ code: '42P01' })],
    ['a defect of ours', new TypeError('x is not a function')],
    ['something that is not an error', null],
  ])('leaves %s as it is', (_, error) => {
    expect(translateDbError(error)).toBe(error);
  });

  it('turns a unique violation into one that names the constraint', () => {
    const error = failedQuery({ code: '23505', constraint: 'endpoint_slug_key', message: 'duplicate key value' });
    const translated = translateDbError(error);
    expect(translated).toBeInstanceOf(UniqueViolation);
    expect(translated).toMatchObject({ constraint: 'endpoint_slug_key', cause: error });
  });

  it('does not take another violation for a unique one', () => {
    const error = failedQuery({ code: '23503', constraint: 'endpoint_tier_fkey' });
    expect(translateDbError(error)).toBe(error);
  });

  it('leaves an error that is translated already', () => {
    const error = new AppError('db.unavailable');
    expect(translateDbError(error)).toBe(error);
  });
});

describe('withDbErrors', () => {
  it('passes on what the work returns', async () => {
    await expect(withDbErrors(() => Promise.resolve(7))).resolves.toBe(7);
  });

  it('throws what the work throws, translated', async () => {
    const work = (): Promise<never> => Promise.reject(new Error('Query read timeout'));
    await expect(withDbErrors(work)).rejects.toMatchObject({ code: 'db.unavailable' });
  });
});
