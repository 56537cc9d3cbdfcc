import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import type { IdentityProvider } from './identity-provider.ts';

const SERVER_ERROR = 500;
/** What a provider says of a callback or a code that is not valid (RFC 6749, 4.1.2.1 and 5.2), and not about our configuration. */
const REJECTED: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_grant',
  'login_required',
  'interaction_required',
]);

/**
 * Runs requests to a provider. Only names and codes of errors are logged: messages and causes may contain codes and tokens.
 * @throws {AppError} `identity.sign_in_failed` if the provider, or the check of its response, rejects the sign-in;
 * `identity.provider_unavailable` if it does not respond, or not as expected.
 */
export async function withProviderErrors<T>(
  { id, issuer }: Pick<IdentityProvider, 'id' | 'issuer'>,
  log: Logger,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = reasonOf(error);
    const isRejected = isRejection(error);
    log[isRejected ? 'info' : 'warn']('sign-in by identity provider failed', { provider: id, issuer, reason });
    throw new AppError(isRejected ? 'identity.sign_in_failed' : 'identity.provider_unavailable');
  }
}

function isRejection(error: unknown): boolean {
  if (error instanceof AuthorizationResponseError) return REJECTED.has(error.error);
  if (error instanceof ResponseBodyError) return error.status < SERVER_ERROR && REJECTED.has(error.error);
  // A callback or an ID token that is not what was asked for.
  return error instanceof ClientError && CHECK_FAILURES.has(error.code ?? '');
}

const CHECK_FAILURES: ReadonlySet<string> = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
]);

function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError)
    return `${error.name} ${printable(error.error)}`;
  if (error instanceof ClientError) return `${error.name} ${error.code ?? ''}`;
  return error instanceof Error ? error.name : typeof error;
}

/** The provider may send anything. */
function printable(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '?').slice(0, 64);
}
