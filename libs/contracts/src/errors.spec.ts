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

  /** What a client may be told: what it sent, what it may use, and limits that it can act on. */
  const publicNames = new Set(
    (
      'reason param bytesMax mediaType method path hint scope project endpoint task needed model tier limit ' +
      'completion after promptTokens contextTokens tokens'
    ).split(' '),
  );

  it('fills what clients read with nothing that is inside: no subject, host, schema or worker', () => {
    const inside = ({ message, publicMessage = message }: ErrorDefinition): string[] =>
      [...publicMessage.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').filter((name) => !publicNames.has(name));
    expect(codesWhere((definition) => inside(definition).length > 0)).toEqual([]);
    // The opposite: the same check finds the rows whose message is for logs only.
    const { publicMessage: _, ...unguarded } = errors['bus.no_responders'];
    expect(inside(unguarded)).toEqual(['subject']);
  });

  it('has a message of its own for clients wherever the bus, a store or a worker failed', () => {
    expect(codesWhere(({ publicMessage }, code) => /^(?:bus|db|worker)\./.test(code) && !publicMessage)).toEqual([]);
    expect(
      codesWhere(({ publicMessage }) => publicMessage !== undefined && !/^[A-Z].*\.$/.test(publicMessage)),
    ).toEqual([]);
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
