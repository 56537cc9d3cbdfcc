import { hasValidChecksum } from '@xerotier/api-keys';
import { AppError } from '@xerotier/errors';

const BEARER = /^Bearer +(\S+)$/i;
/** Longer than any valid key. */
const LENGTH_MAX = 512;

/**
 * Returns the API key of an Authorization header.
 * @throws {AppError} `auth.missing_key`, or `auth.invalid_key` for a malformed key, which requires no lookup.
 */
export function bearerKey(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw new AppError('auth.missing_key');
  const key = BEARER.exec(authorization)?.[1];
  if (key === undefined) throw new AppError('auth.missing_key');
  if (key.length > LENGTH_MAX || !hasValidChecksum(key)) throw new AppError('auth.invalid_key');
  return key;
}
