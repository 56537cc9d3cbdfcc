import { hasValidChecksum } from '@xerotier/api-keys';
import { AppError } from '@xerotier/errors';

const BEARER = /^Bearer +(\S+)$/i;
/** Longer than any key of ours. */
const LENGTH_MAX = 512;

/**
 * The API key of an Authorization header.
 * @throws {AppError} `auth.missing_key`, or `auth.invalid_key` for what cannot be one of ours: that needs no look-up.
 */
export function bearerKey(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw new AppError('auth.missing_key');
  const key = BEARER.exec(authorization)?.[1];
  if (key === undefined) throw new AppError('auth.missing_key');
  if (key.length > LENGTH_MAX || !hasValidChecksum(key)) throw new AppError('auth.invalid_key');
  return key;
}
