import { errors } from '@xerotier/contracts/errors';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { withoutBackslashes } from '@xerotier/testing';
import fc from 'fast-check';
import { AppError, ensure } from './app-error.ts';
import type { WireError } from './app-error.ts';

const codes = Object.keys(errors) as ErrorCode[];

/** The details that a code's message needs, each set to its own name. */
function detailsOf(code: ErrorCode): Record<string, string> {
  return Object.fromEntries([...errors[code].message.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `<${name}>`]));
}

function anError(code: ErrorCode, ...rest: unknown[]): AppError {
  return new (AppError as new (...args: unknown[]) => AppError)(code, ...rest);
}

/** Sends an error over the bus: JSON. */
function overTheBus(error: AppError): AppError {
  return AppError.fromWire(JSON.parse(JSON.stringify(error.toWire())) as WireError);
}

describe('AppError', () => {
  it.each(codes)('%s fills in its message from the details and leaves no placeholder', (code) => {
    const { message } = anError(code, detailsOf(code));
    expect(message).not.toMatch(/[{}]/);
    for (const value of Object.values(detailsOf(code))) expect(message).toContain(value);
  });

  it('fills in strings and numbers only', () => {
    expect(new AppError('request.too_large', { bytesMax: 32 }).message).toBe(
      'The request body is larger than 32 bytes.',
    );
    expect(anError('request.invalid', { reason: { secret: 1 } }).message).toBe('{reason}');
  });

  it('does not expand placeholders inside a detail', () => {
    expect(new AppError('request.invalid', { reason: '{message} {reason} $& $1' }).message).toBe(
      '{message} {reason} $& $1',
    );
  });

  it('takes status and retryability from the table', () => {
    expect(new AppError('router.no_worker', { model: 'm' })).toMatchObject({ status: 503, retryable: true });
    expect(new AppError('auth.invalid_key')).toMatchObject({ status: 401, retryable: false });
  });

  it('keeps its cause, if any', () => {
    const cause = new Error('connection refused');
    expect(new AppError('db.unavailable', {}, { cause }).cause).toBe(cause);
    expect('cause' in new AppError('db.unavailable')).toBe(false);
  });

  it('is recognised by its marker across copies of the class', () => {
    expect(AppError.is(new AppError('internal'))).toBe(true);
    expect(AppError.is({ [Symbol.for('xerotier.app-error')]: true })).toBe(true);
  });

  it.each([undefined, null, 'internal', new Error('x'), { code: 'internal' }])('does not recognise %p', (value) => {
    expect(AppError.is(value)).toBe(false);
  });

  it('converts other thrown values to internal with the value as cause, and returns an AppError unchanged', () => {
    const defect = new TypeError('x is not a function');
    expect(AppError.from(defect)).toMatchObject({ code: 'internal', cause: defect });
    expect(AppError.from(undefined).code).toBe('internal');
    const error = new AppError('auth.missing_key');
    expect(AppError.from(error)).toBe(error);
  });
});

describe('an error on the bus', () => {
  it('arrives unchanged, whatever its code, details, parameter and retry time', () => {
    const details = withoutBackslashes(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.array(fc.boolean()))),
    );
    const anyOptions = fc.record({ retryAfterSeconds: fc.nat(), param: fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.constantFrom(...codes), details, anyOptions, (code, extra, options) => {
        const error = anError(code, { ...extra, ...detailsOf(code) }, options);
        const arrived = overTheBus(error);
        const fieldsOf = ({ code, message, details, retryAfterSeconds, param, status }: AppError): unknown =>
          JSON.parse(JSON.stringify({ code, message, details, retryAfterSeconds, param, status }));
        expect(fieldsOf(arrived)).toEqual(fieldsOf(error));
      }),
    );
  });

  it('never carries its cause', () => {
    const cause = new Error('password=hunter2');
    const error = new AppError('db.unavailable', {}, { cause });
    expect(JSON.stringify(error.toWire())).not.toContain('hunter2');
    expect(overTheBus(error).cause).toBeUndefined();
  });

  it.each(['router.from_next_year', 'constructor', ''])(
    'with the unknown code %p becomes internal and keeps the original as its cause',
    (code) => {
      const wire = { code, message: 'all about it', details: { model: 'm' }, retryAfterSeconds: 3, param: 'model' };
      expect(AppError.fromWire(wire)).toMatchObject({
        code: 'internal',
        message: errors.internal.message,
        cause: wire,
        retryAfterSeconds: 3,
        param: 'model',
      });
    },
  );

  it('does not take its message from the wire', () => {
    const wire = { code: 'auth.missing_key', message: 'something else', details: {} };
    expect(AppError.fromWire(wire).message).toBe(errors['auth.missing_key'].message);
  });
});

describe('ensure', () => {
  it.each([0, '', false, NaN])('returns %p, which is a value', (value) => {
    expect(ensure(value, 'internal')).toBe(value);
  });

  it.each([null, undefined])('throws the code for %p', (value) => {
    const failing = (): unknown => ensure(value, 'project.not_found', { project: 'p' });
    expect(failing).toThrow(
      expect.objectContaining({ code: 'project.not_found', message: "Project 'p' was not found." }),
    );
  });
});
