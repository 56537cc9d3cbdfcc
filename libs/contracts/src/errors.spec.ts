import { PUBLIC_ERROR_CODES } from '@xerotier/public-api/errors';
import { errors, isErrorCode } from './errors.ts';
import type { ErrorDefinition } from './errors.ts';

/** Returns the codes of the rows that match the predicate. */
function codesWhere(predicate: (definition: ErrorDefinition, code: string) => boolean): string[] {
  return Object.entries<ErrorDefinition>(errors)
    .filter(([code, definition]) => predicate(definition, code))
    .map(([code]) => code);
}

describe('errors', () => {
  it('have codes of the form noun.reason', () => {
    expect(codesWhere((_, code) => !/^(?:[a-z]+(?:_[a-z]+)*\.[a-z_]+|internal)$/.test(code))).toEqual([]);
  });

  it('have messages that are whole sentences', () => {
    expect(codesWhere(({ message }) => message !== '{reason}' && !/^['A-Z{].*[.}]$/.test(message))).toEqual([]);
  });

  /** Details that public messages may contain: what the client sent, what it may use, and limits that it can act on. */
  const publicNames = new Set(
    (
      'reason param bytes bytesMax bytesUsed file upload batch status mediaType method path hint scope project endpoint task needed model tier limit ' +
      'completion response conversation item call field after promptTokens contextTokens tokens key max session member invitation budget provider windowSeconds account role action version event minutes'
    ).split(' '),
  );

  it('do not expose subjects, hosts, schemas or workers to clients', () => {
    const exposed = ({ message, publicMessage = message }: ErrorDefinition): string[] =>
      [...publicMessage.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').filter((name) => !publicNames.has(name));
    expect(codesWhere((definition) => exposed(definition).length > 0)).toEqual([]);
    // The check itself finds a message that is for logs only.
    const { publicMessage: _, ...unguarded } = errors['bus.no_responders'];
    expect(exposed(unguarded)).toEqual(['subject']);
  });

  it('have a public message if the bus, the database or a worker failed', () => {
    expect(codesWhere(({ publicMessage }, code) => /^(?:bus|db|worker)\./.test(code) && !publicMessage)).toEqual([]);
    expect(
      codesWhere(({ publicMessage }) => publicMessage !== undefined && !/^[A-Z].*\.$/.test(publicMessage)),
    ).toEqual([]);
  });

  it('are retryable only if the request itself is not at fault', () => {
    expect(codesWhere(({ status, retryable }) => retryable && status < 500 && ![408, 429].includes(status))).toEqual(
      [],
    );
  });

  it('are retryable if their status is 503', () => {
    expect(codesWhere(({ status, retryable }) => status === 503 && !retryable)).toEqual([]);
  });

  it('use every public code', () => {
    const used = new Set<string>(Object.values<ErrorDefinition>(errors).map(({ publicCode }) => publicCode));
    expect(PUBLIC_ERROR_CODES.filter((code) => !used.has(code))).toEqual([]);
  });
});

describe('isErrorCode', () => {
  it('returns true for every code of the table', () => {
    expect(codesWhere((_, code) => !isErrorCode(code))).toEqual([]);
  });

  it.each(['', 'toString', 'constructor', '__proto__', 'router.unknown'])('returns false for %p', (code) => {
    expect(isErrorCode(code)).toBe(false);
  });
});
