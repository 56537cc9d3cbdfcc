import { buildAuthorizationUrl, calculatePKCECodeChallenge } from 'openid-client';
import type { Configuration } from 'openid-client';
import type { FlowSecrets } from './identity-provider.ts';

/** The callback of a provider, which must be registered there. @param publicUrl the setting PUBLIC_URL. */
export function callbackUrl(publicUrl: string, provider: string): URL {
  return new URL(`${publicUrl.replace(/\/+$/, '')}/api/v1/sign-in/${provider}/callback`);
}

/** @param further parameters, such as the scope. */
export async function authorizationRequest(
  configuration: Configuration,
  callback: URL,
  { state, verifier }: FlowSecrets,
  further: Readonly<Record<string, string>>,
): Promise<URL> {
  return buildAuthorizationUrl(configuration, {
    ...further,
    redirect_uri: callback.href,
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
}

/** The callback with its query, as the library checks it. */
export function calledBack(callback: URL, parameters: URLSearchParams): URL {
  const url = new URL(callback);
  url.search = parameters.toString();
  return url;
}
