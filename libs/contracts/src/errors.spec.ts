import { errors, isErrorCode, publicErrorType } from './errors.ts';
import type { ErrorDefinition } from './errors.ts';

/** The codes of the table that break a rule. */
function codesWhere(broken: (definition: ErrorDefinition, code: string) => boolean): string[] {
  return Object.entries<ErrorDefinition>(errors)
    .filter(([code, definition]) => broken(definition, code))
    .map(([code]) => code);
}

describe('the error table', () => {
  it('gives every code a status that an HTTP client understands as an error', () => {
    expect(codesWhere(({ status }) => !Number.isInteger(status) || status < 400 || status > 599)).toEqual([]);
  });

  it('writes codes as noun and reason, and public codes without a dot', () => {
    expect(codesWhere((_, code) => !/^(?:[a-z]+\.[a-z_]+|internal)$/.test(code))).toEqual([]);
    expect(codesWhere(({ publicCode }) => !/^[a-z]+(?:_[a-z]+)*$/.test(publicCode))).toEqual([]);
  });

  it('says everything in a sentence', () => {
    expect(codesWhere(({ message }) => message !== '{reason}' && !/^['A-Z{].*[.}]$/.test(message))).toEqual([]);
  });

  it('calls an error retryable only where the request itself is not at fault', () => {
    expect(codesWhere(({ status, retryable }) => retryable && status < 500 && ![408, 429].includes(status))).toEqual(
      [],
    );
  });

  it('calls every overload and outage retryable', () => {
    expect(codesWhere(({ status, retryable }) => status === 503 && !retryable)).toEqual([]);
  });

  it('gives a public code one status, whatever it stands for inside', () => {
    const statusOf = new Map<string, number>();
    expect(
      codesWhere(({ publicCode, status }) => {
        const known = statusOf.get(publicCode) ?? status;
        statusOf.set(publicCode, known);
        return known !== status;
      }),
    ).toEqual([]);
  });
});

describe('isErrorCode', () => {
  it('knows every code of the table', () => {
    expect(codesWhere((_, code) => !isErrorCode(code))).toEqual([]);
  });

  it.each(['', 'toString', 'constructor', '__proto__', 'router.unknown'])('does not know %p', (code) => {
    expect(isErrorCode(code)).toBe(false);
  });
});

describe('publicErrorType', () => {
  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [405, 'invalid_request_error'],
    [413, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'server_error'],
    [503, 'service_unavailable'],
    [504, 'server_error'],
  ])('of %i is %s', (status, type) => {
    expect(publicErrorType(status)).toBe(type);
  });
});
