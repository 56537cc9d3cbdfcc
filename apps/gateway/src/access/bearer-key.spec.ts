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
  it.each([`Bearer ${KEY}`, `bearer ${KEY}`, `BEARER   ${KEY}`])('returns the key of %p', (header) => {
    expect(bearerKey(header)).toBe(KEY);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', `Basic ${KEY}`, KEY, `Bearer ${KEY} ${KEY}`, ` Bearer ${KEY}`])(
    'throws auth.missing_key for %p',
    (header) => {
      expect(codeOf(header)).toBe('auth.missing_key');
    },
  );

  it.each([
    `Bearer ${'x'.repeat(513)}`,
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(0, -1)}`,
    'Bearer sk-1234',
    `Bearer ${KEY.toUpperCase()}`,
  ])('rejects %p without a call to auth', (header) => {
    expect(codeOf(header)).toBe('auth.invalid_key');
  });

  it('does not include the key in the error', () => {
    expect(() => bearerKey('Bearer sk-hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
