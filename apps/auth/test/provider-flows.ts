/** Sign-ins by identity providers in tests of the auth service, as a gateway and a browser do them. */
import { identitiesContract } from '@xerotier/contracts/auth';
import type { CompletedFlow, IdentityProviderId } from '@xerotier/contracts/auth';
import { TestBrowser } from '@xerotier/testing/identity-providers';
import { newClientAddress, newTokenHash } from './registered-account.ts';
import type { RunningAuth } from './running-auth.ts';

const { operations } = identitiesContract;
export const CALLBACK = 'http://127.0.0.1:8080/api/v1/sign-in';

export interface BegunFlow {
  readonly authorizationUrl: string;
  readonly flow: string;
}

export interface Callback {
  readonly provider: IdentityProviderId;
  readonly flow: string;
  readonly parameters: string;
}

export function beginFlow({ bus }: RunningAuth, provider: IdentityProviderId, returnTo = '/'): Promise<BegunFlow> {
  return bus.call(operations.beginProviderSignIn, { provider, returnTo });
}

export function beginLink(
  { bus }: RunningAuth,
  provider: IdentityProviderId,
  accountId: string,
  currentPassword?: string,
  clientAddress = newClientAddress(),
): Promise<BegunFlow> {
  return bus.call(operations.beginIdentityLink, {
    ...{ provider, returnTo: '/account', accountId, clientAddress },
    ...(currentPassword !== undefined && { currentPassword }),
  });
}

/** What the provider redirects to after it has signed in this user: `as` at GitHub, `login_hint` at the OpenID provider. */
export async function callbackOf(
  { authorizationUrl, flow }: BegunFlow,
  provider: IdentityProviderId,
  user: number | string,
): Promise<Callback> {
  const url = new URL(authorizationUrl);
  url.searchParams.set(provider === 'github' ? 'as' : 'login_hint', String(user));
  const back = await new TestBrowser().followTo(url.href, `${CALLBACK}/${provider}/callback`);
  return { provider, flow, parameters: back.search.slice(1) };
}

export function complete(
  { bus }: RunningAuth,
  callback: Callback,
  values: { readonly tokenHash?: string; readonly currentTokenHash?: string; readonly clientAddress?: string } = {},
): Promise<CompletedFlow> {
  return bus.call(operations.completeProviderFlow, {
    ...{ tokenHash: newTokenHash(), clientAddress: newClientAddress(), userAgent: 'tests', requestId: 'req_1' },
    ...callback,
    ...values,
  });
}

/** Signs in as this user. */
export async function signInBy(
  auth: RunningAuth,
  provider: IdentityProviderId,
  user: number | string,
  returnTo = '/',
): Promise<CompletedFlow> {
  return complete(auth, await callbackOf(await beginFlow(auth, provider, returnTo), provider, user));
}

/** @throws {Error} unless it has begun a session. */
export function signedIn(completed: CompletedFlow): Extract<CompletedFlow, { kind: 'signed_in' }> {
  if (completed.kind !== 'signed_in') throw new Error(`not signed in, but ${completed.kind}`);
  return completed;
}
