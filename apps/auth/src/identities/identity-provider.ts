import type { IdentityProviderId } from '@xerotier/contracts/auth';

/** What belongs to one sign-in, and is never shown to the provider as a whole. */
export interface FlowSecrets {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}

/** Who a provider says that somebody is. */
export interface ProviderProfile {
  /** Stable, and unique for the issuer: never a name or an address, which may change hands. */
  readonly subject: string;
  /** In lower case; null without one that the provider has verified. */
  readonly email: string | null;
  /** Of 1 to 256 characters. */
  readonly name: string;
}

/** A service that people sign in at, by the authorization code flow of OAuth 2.0 with state and PKCE. */
export interface IdentityProvider {
  readonly id: IdentityProviderId;
  readonly name: string;
  /** What its subjects are unique for: another issuer under the same id has other identities. */
  readonly issuer: string;

  /** Where the browser is sent to. @throws {AppError} `identity.provider_unavailable`. */
  authorizationUrl(secrets: FlowSecrets): Promise<URL>;

  /**
   * Exchanges the code of a callback.
   * @param parameters the query of the callback.
   * @throws {AppError} `identity.sign_in_failed`, `identity.provider_unavailable`.
   */
  profile(parameters: URLSearchParams, secrets: FlowSecrets): Promise<ProviderProfile>;
}
