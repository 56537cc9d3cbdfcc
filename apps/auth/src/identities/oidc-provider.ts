import type { Logger } from '@xerotier/log';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client';
import type { Configuration, UserInfoResponse } from 'openid-client';
import { authorizationRequest, calledBack } from './authorization-request.ts';
import type { FlowSecrets, IdentityProvider, ProviderProfile } from './identity-provider.ts';
import { accountEmailOf, accountNameOf } from './profile-fields.ts';
import { withProviderErrors } from './provider-errors.ts';
import { PROVIDER_TIMEOUT_SECONDS, providerFetch } from './provider-fetch.ts';

const SCOPE = 'openid email profile';
/** A provider may move its endpoints and replace its keys. */
const DISCOVERY_TTL_MS = 60 * 60 * 1_000;

export interface OidcOptions {
  readonly name: string;
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly callback: URL;
}

/** A provider of OpenID Connect, which describes itself at its issuer URL. */
export class OidcProvider implements IdentityProvider {
  readonly id = 'oidc';
  readonly name: string;
  readonly issuer: string;
  readonly #options: OidcOptions;
  readonly #log: Logger;
  #discovered: { readonly configuration: Promise<Configuration>; readonly expiresAt: number } | undefined;

  constructor(options: OidcOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.name = options.name;
    this.issuer = options.issuer.href;
  }

  authorizationUrl(secrets: FlowSecrets): Promise<URL> {
    return withProviderErrors(this, this.#log, async () => {
      const further = { scope: SCOPE, nonce: secrets.nonce };
      return authorizationRequest(await this.#configuration(), this.#options.callback, secrets, further);
    });
  }

  profile(parameters: URLSearchParams, { state, nonce, verifier }: FlowSecrets): Promise<ProviderProfile> {
    return withProviderErrors(this, this.#log, async () => {
      const configuration = await this.#configuration();
      const tokens = await authorizationCodeGrant(configuration, calledBack(this.#options.callback, parameters), {
        ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new TypeError('no ID token');
      // A provider may tell about the user in the ID token, or only when it is asked.
      const about: Partial<UserInfoResponse> =
        claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
          ? await fetchUserInfo(configuration, tokens.access_token, claims.sub)
          : claims;
      return {
        subject: claims.sub,
        email: about['email_verified'] === true ? accountEmailOf(about['email']) : null,
        name: accountNameOf(about['name'], about['preferred_username'], about['email']?.split('@')[0]),
      };
    });
  }

  /** Discovered with the first sign-in, so that the service starts while the provider is unavailable. */
  #configuration(): Promise<Configuration> {
    if (this.#discovered === undefined || this.#discovered.expiresAt < Date.now()) {
      const configuration = this.#discover();
      const discovered = { configuration, expiresAt: Date.now() + DISCOVERY_TTL_MS };
      this.#discovered = discovered;
      configuration.catch(() => {
        if (this.#discovered === discovered) this.#discovered = undefined;
      });
    }
    return this.#discovered.configuration;
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    return discovery(issuer, clientId, clientSecret, undefined, {
      timeout: PROVIDER_TIMEOUT_SECONDS,
      [customFetch]: providerFetch,
      // Also the signature of the ID token, although it comes over TLS.
      execute: [enableNonRepudiationChecks, ...(issuer.protocol === 'http:' ? [allowInsecureRequests] : [])],
    });
  }
}
