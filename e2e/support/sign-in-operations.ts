/** Operations of sign-ins by identity providers, for the contract suite. */
import { randomUUID } from 'node:crypto';
import { TestBrowser } from '@xerotier/testing/identity-providers';
import type { Operation } from './contract-operations.ts';
import { authorizedBy, callbackFor, cookieOf, newPerson, signedInBrowser } from './provider-sign-in.ts';
import { totpOf } from './second-factor-operations.ts';
import { SiteVisitor } from './site-visitor.ts';
import type { Prepare } from './team-operations.ts';

const PASSWORD = 'correct horse battery staple';
const CALLBACK = 'GET /api/v1/sign-in/github/callback';

function signInCookie(browser: TestBrowser, baseUrl: string): string {
  return `__Host-sign-in=${cookieOf(browser, baseUrl, '__Host-sign-in')}`;
}

const withCallback: Prepare = async (baseUrl) => {
  const browser = new TestBrowser();
  const { search } = await callbackFor(browser, baseUrl, newPerson());
  return { user: new SiteVisitor(baseUrl), values: { query: search.slice(1) }, cookie: signInCookie(browser, baseUrl) };
};

/** A callback of somebody whose address has an account. */
const withTakenAddress: Prepare = async (baseUrl) => {
  const person = newPerson();
  const user = new SiteVisitor(baseUrl);
  await user.send('POST', '/api/v1/accounts', { email: person.email, password: PASSWORD, name: 'Ada' });
  const browser = new TestBrowser();
  const { search } = await callbackFor(browser, baseUrl, person);
  return { user, values: { query: search.slice(1) }, cookie: signInCookie(browser, baseUrl) };
};

const withPassword: Prepare = async (baseUrl, mail) => {
  const user = new SiteVisitor(baseUrl);
  const email = `sign-in-${randomUUID()}@example.com`;
  await user.send('POST', '/api/v1/accounts', { email, password: PASSWORD, name: 'Ada' });
  const token = await mail.tokenFor(email, 'Verify');
  await user.send('POST', '/api/v1/account/email-verification/confirm', { token });
  return { user, values: {} };
};

const withoutPassword: Prepare = async (baseUrl) => {
  const { browser } = await signedInBrowser(baseUrl);
  return { user: new SiteVisitor(baseUrl, cookieOf(browser, baseUrl, '__Host-session')), values: {} };
};

const withLink: Prepare = async (...site) => {
  const [baseUrl] = site;
  const { user } = await withPassword(...site);
  const begun = await user.send('POST', '/api/v1/account/identities/github', { current_password: PASSWORD });
  const { url } = (await begun.json()) as { url: string };
  const browser = new TestBrowser();
  const { search } = await browser.followTo(authorizedBy(url, newPerson()), `${baseUrl}/api/v1/sign-in`);
  const [flow = ''] = begun.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  const cookie = `${flow}; __Host-session=${user.token ?? ''}`;
  return { user, values: { query: search.slice(1) }, cookie };
};

const withIdentity: Prepare = async (...site) => {
  const { user, values, cookie = '' } = await withLink(...site);
  const callback = `/api/v1/sign-in/github/callback?${values['query']}`;
  await user.sendText('GET', callback, undefined, { cookie });
  return { user, values: {} };
};

/** After the provider, with the code of the next step. */
const withPending: Prepare = async (baseUrl) => {
  const person = newPerson();
  const { browser: first } = await signedInBrowser(baseUrl, person);
  const user = new SiteVisitor(baseUrl, cookieOf(first, baseUrl, '__Host-session'));
  const begun = await user.send('POST', '/api/v1/account/totp', {});
  const { secret } = (await begun.json()) as { secret: string };
  await user.send('POST', '/api/v1/account/totp/confirm', { code: totpOf(secret) });
  const { browser } = await signedInBrowser(baseUrl, person);
  return { user, values: { code: totpOf(secret, 1) }, cookie: signInCookie(browser, baseUrl) };
};

export function signInOperations(): Operation[] {
  const identity = '/api/v1/account/identities/github';
  return [
    { name: 'identity providers', route: 'GET /api/v1/sign-in-providers', key: 'none' },
    { name: 'the begin of a sign-in', route: 'GET /api/v1/sign-in/github?return_to=%2F', key: 'none', status: 302 },
    { name: 'a sign-in by GitHub', route: `${CALLBACK}?{query}`, prepare: withCallback, status: 302 },
    {
      name: 'a sign-in by GitHub with a second factor',
      route: 'POST /api/v1/sign-in/second-factor',
      prepare: withPending,
      body: { code: '{code}' },
    },
    {
      name: 'the begin of a link',
      route: `POST ${identity}`,
      prepare: withPassword,
      body: { current_password: PASSWORD },
    },
    { name: 'a link', route: `${CALLBACK}?{query}`, prepare: withLink, status: 302 },
    { name: 'identities', route: 'GET /api/v1/account/identities', prepare: withIdentity },
    { name: 'a removed identity', route: `DELETE ${identity}`, prepare: withIdentity },
  ];
}

export const signInErrors: readonly Operation[] = [
  {
    name: 'a provider that is not configured',
    route: 'GET /api/v1/sign-in/oidc',
    key: 'none',
    status: 404,
    code: 'provider_not_found',
  },
  {
    name: 'another site to return to',
    route: 'GET /api/v1/sign-in/github?return_to=%2F%2Fevil.test',
    key: 'none',
    status: 400,
    code: 'invalid_request',
  },
  { name: 'a callback without a cookie', route: CALLBACK, key: 'none', status: 400, code: 'sign_in_failed' },
  {
    name: 'a sign-in with the address of an account',
    route: `${CALLBACK}?{query}`,
    prepare: withTakenAddress,
    status: 409,
    code: 'account_exists',
  },
  {
    name: 'the removal of the last way to sign in',
    route: 'DELETE /api/v1/account/identities/github',
    prepare: withoutPassword,
    status: 409,
    code: 'last_sign_in_method',
  },
  {
    name: 'the removal of no identity',
    route: 'DELETE /api/v1/account/identities/oidc',
    prepare: withPassword,
    status: 404,
    code: 'identity_not_found',
  },
];
