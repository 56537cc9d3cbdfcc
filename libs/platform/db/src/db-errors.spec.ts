import { AppError } from '@xerotier/errors';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { CheckViolation, ForeignKeyViolation, translateDbError, UniqueViolation, withDbErrors } from './db-errors.ts';

function failedQuery(fields: { code?: string; constraint?: string; message?: string }): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], Object.assign(new Error(fields.message ?? 'failed'), fields));
}

describe('translateDbError', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['an unknown host', Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['a broken connection', failedQuery({ message: 'Connection terminated unexpectedly' })],
    ['a transaction whose connection broke', new QueryRunnerAlreadyReleasedError()],
    ['a manager whose connection broke', new QueryRunnerProviderAlreadyReleasedError()],
    ['a server that shuts down', failedQuery({ code: '57P01' })],
    ['a server that starts', failedQuery({ code: '57P03' })],
    ['a statement that took too long', failedQuery({ code: '57014' })],
    ['too many connections', failedQuery({ code: '53300' })],
    ['a full disk', failedQuery({ code: '53100' })],
    ['a read-only standby', failedQuery({ code: '25006' })],
  ])('translates %s to db.unavailable and keeps the cause', (_, error) => {
    expect(translateDbError(error)).toMatchObject({ code: 'db.unavailable', cause: error });
  });

  it.each([
    ['a syntax error', failedQuery({ code: '42601' })],
    ['an invalid value', failedQuery({ code: '22P02' })],
    ['a missing table', failedQuery({ code: '42P01' })],
    ['a programming error', new TypeError('x is not a function')],
    ['a value that is not an error', null],
  ])('returns %s unchanged', (_, error) => {
    expect(translateDbError(error)).toBe(error);
  });

  it('translates a unique violation to one that names the constraint', () => {
    const error = failedQuery({ code: '23505', constraint: 'endpoint_slug_key', message: 'duplicate key value' });
    const translated = translateDbError(error);
    expect(translated).toBeInstanceOf(UniqueViolation);
    expect(translated).toMatchObject({ constraint: 'endpoint_slug_key', cause: error });
  });

  it.each([
    ['a foreign key', '23503', 'endpoint_tier_fkey', ForeignKeyViolation],
    ['a check', '23514', 'endpoint_task_check', CheckViolation],
  ])('distinguishes the violation of %s by its SQLSTATE', (_, code, constraint, expected) => {
    const translated = translateDbError(failedQuery({ code, constraint, message: 'Key (tier)=(secret)' }));
    expect(translated).toBeInstanceOf(expected);
    expect(translated).not.toBeInstanceOf(UniqueViolation);
    expect(translated).toMatchObject({ constraint, message: expect.not.stringContaining('secret') });
  });

  it('returns an already translated error unchanged', () => {
    const error = new AppError('db.unavailable');
    expect(translateDbError(error)).toBe(error);
  });
});

describe('withDbErrors', () => {
  it('returns the result of the work', async () => {
    await expect(withDbErrors(() => Promise.resolve(7))).resolves.toBe(7);
  });

  it('translates what the work throws', async () => {
    const work = (): Promise<never> => Promise.reject(new Error('Query read timeout'));
    await expect(withDbErrors(work)).rejects.toMatchObject({ code: 'db.unavailable' });
  });

  it('maps violations of the given constraints, and no others', async () => {
    const violate = (constraint: string) => () => Promise.reject(failedQuery({ code: '23505', constraint }));
    const meaning = { thing_name_key: (cause: unknown) => new Error('the name is taken', { cause }) };
    await expect(withDbErrors(violate('thing_name_key'), meaning)).rejects.toMatchObject({
      message: 'the name is taken',
      cause: { constraint: 'thing_name_key' },
    });
    await expect(withDbErrors(violate('toString'), meaning)).rejects.toBeInstanceOf(UniqueViolation);
  });
});
