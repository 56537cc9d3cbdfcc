import { Inject, Injectable } from '@nestjs/common';
import type { IdentityProviderId } from '@xerotier/contracts/auth';
import { ConfigError } from '@xerotier/config';
import { ensure } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { callbackUrl } from './authorization-request.ts';
import { GithubProvider } from './github-provider.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { OidcProvider } from './oidc-provider.ts';

/** The configured identity providers. */
@Injectable()
export class IdentityProviders {
  readonly all: readonly IdentityProvider[];

  /** @throws {ConfigError} if the settings of a provider are incomplete. */
  constructor(@Inject(CONFIG) config: Pick<AuthConfig, 'identities' | 'mail'>, @Inject(LOGGER) log: Logger) {
    this.all = [github(config, log), oidc(config, log)].filter((provider) => provider !== undefined);
  }

  /** @throws {AppError} `identity.provider_not_found`. */
  get(id: IdentityProviderId): IdentityProvider {
    const found = this.all.find((provider) => provider.id === id);
    return ensure(found, 'identity.provider_not_found', { provider: id });
  }
}

function github(
  { identities, mail }: Pick<AuthConfig, 'identities' | 'mail'>,
  log: Logger,
): GithubProvider | undefined {
  const { clientId, clientSecret, url, apiUrl } = identities.github;
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined || clientSecret === undefined)
    throw new ConfigError('GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET are needed together.');
  const callback = callbackUrl(mail.publicUrl, 'github');
  return new GithubProvider({ clientId, clientSecret, url: new URL(url), apiUrl: new URL(apiUrl), callback }, log);
}

function oidc({ identities, mail }: Pick<AuthConfig, 'identities' | 'mail'>, log: Logger): OidcProvider | undefined {
  const { issuer, clientId, clientSecret, name } = identities.oidc;
  if (issuer === undefined && clientId === undefined && clientSecret === undefined) return undefined;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined)
    throw new ConfigError('OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are needed together.');
  const callback = callbackUrl(mail.publicUrl, 'oidc');
  return new OidcProvider({ issuer: new URL(issuer), clientId, clientSecret, name, callback }, log);
}
