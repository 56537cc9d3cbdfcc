import { PUBLIC_ERROR_CODES } from '@xerotier/public-api/errors';
import { errors, isErrorCode } from './errors.ts';
import type { ErrorDefinition } from './errors.ts';

/** The codes of the table that break a rule. */
function codesWhere(broken: (definition: ErrorDefinition, code: string) => boolean): string[] {
  return Object.entries<ErrorDefinition>(errors)
    .filter(([code, definition]) => broken(definition, code))
    .map(([code]) => code);
}

describe('the error table', () => {
  it('writes codes as noun and reason', () => {
    expect(codesWhere((_, code) => !/^(?:[a-z]+\.[a-z_]+|internal)$/.test(code))).toEqual([]);
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

  it('has a row for each public code', () => {
    const used = new Set<string>(Object.values<ErrorDefinition>(errors).map(({ publicCode }) => publicCode));
    expect(PUBLIC_ERROR_CODES.filter((code) => !used.has(code))).toEqual([]);
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
