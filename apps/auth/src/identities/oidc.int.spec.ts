import { OidcServer } from '@xerotier/testing/identity-providers';
import { randomBytes } from 'node:crypto';
import { beginFlow, CALLBACK, callbackOf, complete, signedIn, signInBy } from '../../test/provider-flows.ts';
import { newEmail, registeredAccount } from '../../test/registered-account.ts';
import { runningAuth } from '../../test/running-auth.ts';

const FAILED = { code: 'identity.sign_in_failed' };

/** The address is at the user info endpoint only, as the specification says, or in the ID token too, as most providers do it. */
describe.each([false, true])('sign-in by OpenID Connect, with the address in the ID token: %p', (isInIdToken) => {
  const oidc = new OidcServer([`${CALLBACK}/oidc/callback`], { isInIdToken });
  beforeAll(() => oidc.start());
  afterAll(() => oidc.stop());
  const auth = runningAuth({ env: () => oidc.env });
  let email: string;
  let subject: string;

  beforeEach(() => {
    email = newEmail();
    subject = `sub|${randomBytes(4).toString('hex')}`;
    oidc.users.set(subject, { email, name: 'Ada' });
  });

  it('creates an account, and is of the same account when the address has changed', async () => {
    const { account, returnTo } = signedIn(await signInBy(auth, 'oidc', subject, '/projects'));
    expect(returnTo).toBe('/projects');
    expect(account).toMatchObject({ email, name: 'Ada', emailVerifiedAt: expect.any(Number) });
    oidc.users.set(subject, { email: newEmail('changed') });
    expect(signedIn(await signInBy(auth, 'oidc', subject)).account).toEqual(account);
  });

  it('asks for an ID token with a nonce, and PKCE', async () => {
    const url = new URL((await beginFlow(auth, 'oidc')).authorizationUrl);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{ response_type: 'code', scope: 'openid email profile', code_challenge_method: 'S256' },
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('needs a verified address', async () => {
    const NOT_VERIFIED = { code: 'identity.email_not_verified' };
    oidc.users.set(subject, { email, emailVerified: false });
    await expect(signInBy(auth, 'oidc', subject)).rejects.toMatchObject(NOT_VERIFIED);
    oidc.users.set(subject, {});
    await expect(signInBy(auth, 'oidc', subject)).rejects.toMatchObject(NOT_VERIFIED);
  });

  it('never takes over an account with its address', async () => {
    await registeredAccount(auth, { email });
    await expect(signInBy(auth, 'oidc', subject)).rejects.toMatchObject({ code: 'identity.account_exists' });
  });

  it('rejects the nonce of another flow', async () => {
    const own = await beginFlow(auth, 'oidc');
    const other = await beginFlow(auth, 'oidc');
    const url = new URL(own.authorizationUrl);
    url.searchParams.set('nonce', new URL(other.authorizationUrl).searchParams.get('nonce') ?? '');
    const callback = await callbackOf({ ...own, authorizationUrl: url.href }, 'oidc', subject);
    await expect(complete(auth, callback)).rejects.toMatchObject(FAILED);
  });

  it('rejects the code of another flow, and the issuer of another provider', async () => {
    const [stolen, own] = await Promise.all([
      callbackOf(await beginFlow(auth, 'oidc'), 'oidc', subject),
      callbackOf(await beginFlow(auth, 'oidc'), 'oidc', subject),
    ]);
    const parameters = new URLSearchParams(own.parameters);
    parameters.set('code', new URLSearchParams(stolen.parameters).get('code') ?? '');
    await expect(complete(auth, { ...own, parameters: parameters.toString() })).rejects.toMatchObject(FAILED);
    const mixedUp = new URLSearchParams(stolen.parameters);
    mixedUp.set('iss', 'https://evil.test');
    await expect(complete(auth, { ...stolen, parameters: mixedUp.toString() })).rejects.toMatchObject(FAILED);
  });
});

describe('a provider that does not run', () => {
  const auth = runningAuth({
    env: () => ({ OIDC_ISSUER: 'http://127.0.0.1:9', OIDC_CLIENT_ID: 'x', OIDC_CLIENT_SECRET: 'y' }),
  });

  it('does not keep the service from starting, and is a 503', async () => {
    const account = await registeredAccount(auth);
    expect(account.id).toMatch(/^user_/);
    await expect(beginFlow(auth, 'oidc')).rejects.toMatchObject({ code: 'identity.provider_unavailable' });
  });
});
