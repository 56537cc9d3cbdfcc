import { generateApiKey } from '@xerotier/api-keys';
import type { AppError } from '@xerotier/errors';
import { bearerKey } from './bearer-key.ts';

const KEY = generateApiKey('demo');

function codeOf(authorization: string | undefined): string {
  try {
    bearerKey(authorization);
  } catch (error) {
    return (error as AppError).code;
  }
  return 'no error';
}

describe('bearerKey', () => {
  // Names without the key, which is another one in each run: Stryker knows tests by their names.
  it.each([
    ['Bearer', `Bearer ${KEY}`],
    ['bearer', `bearer ${KEY}`],
    ['BEARER and several spaces', `BEARER   ${KEY}`],
  ])('returns the key after %s', (_, header) => {
    expect(bearerKey(header)).toBe(KEY);
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['a scheme alone', 'Bearer'],
    ['a scheme and a space', 'Bearer '],
    ['another scheme', `Basic ${KEY}`],
    ['a key alone', KEY],
    ['two keys', `Bearer ${KEY} ${KEY}`],
    ['a leading space', ` Bearer ${KEY}`],
  ])('throws auth.missing_key for %s', (_, header) => {
    expect(codeOf(header)).toBe('auth.missing_key');
  });

  it.each([
    ['513 characters', `Bearer ${'x'.repeat(513)}`],
    ['a key and a character', `Bearer ${KEY}x`],
    ['a key without its last character', `Bearer ${KEY.slice(0, -1)}`],
    ['the key of another service', 'Bearer sk-1234'],
    ['a key in upper case', `Bearer ${KEY.toUpperCase()}`],
  ])('rejects %s without a call to auth', (_, header) => {
    expect(codeOf(header)).toBe('auth.invalid_key');
  });

  it('does not include the key in the error', () => {
    expect(() => bearerKey('Bearer sk-hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
