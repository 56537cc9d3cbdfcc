import type { Logger } from '@xerotier/log';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  ClientSecretPost,
  Configuration,
  customFetch,
  fetchProtectedResource,
} from 'openid-client';
import { z } from 'zod';
import { authorizationRequest, calledBack } from './authorization-request.ts';
import type { FlowSecrets, IdentityProvider, ProviderProfile } from './identity-provider.ts';
import { accountEmailOf, accountNameOf } from './profile-fields.ts';
import { withProviderErrors } from './provider-errors.ts';
import { PROVIDER_TIMEOUT_SECONDS, providerFetch } from './provider-fetch.ts';

const SCOPE = 'read:user user:email';
const OK = 200;
const user = z.object({ id: z.number().int().positive(), login: z.string(), name: z.string().nullish() });
const emails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

export interface GithubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Such as `https://github.com`, or that of a GitHub Enterprise Server. */
  readonly url: URL;
  /** Such as `https://api.github.com`. */
  readonly apiUrl: URL;
  readonly callback: URL;
}

/** GitHub. It has OAuth 2.0 without OpenID Connect: who somebody is comes from its API. */
export class GithubProvider implements IdentityProvider {
  readonly id = 'github';
  readonly name = 'GitHub';
  readonly issuer: string;
  readonly #options: GithubOptions;
  readonly #configuration: Configuration;
  readonly #log: Logger;

  constructor(options: GithubOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.issuer = below(options.url, 'login/oauth').href;
    this.#configuration = new Configuration(
      {
        issuer: this.issuer,
        authorization_endpoint: below(options.url, 'login/oauth/authorize').href,
        token_endpoint: below(options.url, 'login/oauth/access_token').href,
      },
      options.clientId,
      undefined,
      ClientSecretPost(options.clientSecret),
    );
    this.#configuration.timeout = PROVIDER_TIMEOUT_SECONDS;
    this.#configuration[customFetch] = providerFetch;
    if (options.url.protocol === 'http:') allowInsecureRequests(this.#configuration);
  }

  authorizationUrl(secrets: FlowSecrets): Promise<URL> {
    return authorizationRequest(this.#configuration, this.#options.callback, secrets, { scope: SCOPE });
  }

  profile(parameters: URLSearchParams, { state, verifier }: FlowSecrets): Promise<ProviderProfile> {
    return withProviderErrors(this, this.#log, async () => {
      const { access_token: token } = await authorizationCodeGrant(
        this.#configuration,
        calledBack(this.#options.callback, parameters),
        { expectedState: state, pkceCodeVerifier: verifier },
      );
      const [{ id, login, name }, addresses] = await Promise.all([
        this.#get('user', token, user),
        this.#get('user/emails', token, emails),
      ]);
      const primary = addresses.find((address) => address.primary && address.verified)?.email;
      // The login can be changed, and then be taken by somebody else.
      return { subject: String(id), email: accountEmailOf(primary), name: accountNameOf(name, login) };
    });
  }

  async #get<T>(path: string, token: string, schema: z.ZodType<T>): Promise<T> {
    const headers = new Headers({ accept: 'application/vnd.github+json' });
    const url = below(this.#options.apiUrl, path);
    const response = await fetchProtectedResource(this.#configuration, token, url, 'GET', undefined, headers);
    if (response.status !== OK) throw new Error(`status ${response.status}`);
    return schema.parse(await response.json());
  }
}

function below(url: URL, path: string): URL {
  return new URL(`${url.href.replace(/\/+$/, '')}/${path}`);
}
