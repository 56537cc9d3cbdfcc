import type { IdentityProviderId } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { identityProviderId } from '@xerotier/public-api/identities';
import { printable } from '../access/check-access.ts';

/** Returns the provider of a path. @throws {AppError} `identity.provider_not_found`. */
export function providerOf(provider: string): IdentityProviderId {
  const result = identityProviderId.safeParse(provider);
  if (!result.success) throw new AppError('identity.provider_not_found', { provider: printable(provider) });
  return result.data;
}
