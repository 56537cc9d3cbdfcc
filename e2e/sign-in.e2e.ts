/** Sign-in by identity providers through the gateway, with a stand-in of GitHub and a real OpenID Connect provider. */
import { scriptedPlatform } from '@xerotier/dev';
import { OidcServer, GithubServer, TestBrowser } from '@xerotier/testing/identity-providers';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MailFolder } from './support/mail-folder.ts';
import { authorizedBy, callbackFor, cookieOf, newPerson, signedInBrowser } from './support/provider-sign-in.ts';
import { totpOf } from './support/second-factor-operations.ts';
import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const github = new GithubServer();
const oidc = new OidcServer();
const PASSWORD = 'correct horse battery staple';

const test = dedicatedPlatform(async () => {
  await Promise.all([github.start(), oidc.start()]);
  return {
    ...scriptedPlatform({ slots: 1 }),
    env: { ...github.env, ...oidc.env, REGISTRATIONS_PER_ADDRESS: '1000' },
  };
});
let site: string;
beforeAll(() => {
  site = test.description.baseUrl;
  oidc.allowRedirectTo(`${site}/api/v1/sign-in/oidc/callback`);
});
afterAll(() => {
  github.stop();
  oidc.stop();
});

async function accountOf(browser: TestBrowser): Promise<Record<string, unknown>> {
  return (await (await browser.send(`${site}/api/v1/account`)).json()) as Record<string, unknown>;
}

it('lists the providers', async () => {
  const { data } = (await (await fetch(`${site}/api/v1/sign-in-providers`)).json()) as { data: object[] };
  expect(data).toEqual([
    { id: 'github', object: 'sign_in_provider', name: 'GitHub' },
    { id: 'oidc', object: 'sign_in_provider', name: 'Example SSO' },
  ]);
});

it('a user signs in by GitHub', async () => {
  const person = newPerson();
  const { browser, response } = await signedInBrowser(site, person);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/projects']);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-session=[\w-]{43}; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    '__Host-sign-in=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
  ]);
  const account = await accountOf(browser);
  expect(account).toMatchObject({ email: person.email, email_verified_at: expect.any(Number) });
  const again = await signedInBrowser(site, person);
  expect(await accountOf(again.browser)).toMatchObject({ id: account['id'] });
});

it('a user signs in by OpenID Connect', async () => {
  const subject = randomUUID();
  const email = `oidc-${subject}@example.com`;
  oidc.users.set(subject, { email, name: 'Bo' });
  const browser = new TestBrowser();
  const begun = await browser.send(`${site}/api/v1/sign-in/oidc`);
  const url = new URL(begun.headers.get('location') ?? '');
  url.searchParams.set('login_hint', subject);
  const callback = await browser.followTo(url.href, `${site}/api/v1/sign-in/oidc/callback`);
  const response = await browser.send(callback.href);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/']);
  expect(await accountOf(browser)).toMatchObject({ email, name: 'Bo' });
});

it('a callback works once, and in the browser that has begun it', async () => {
  const browser = new TestBrowser();
  const { href } = await callbackFor(browser, site, newPerson());
  const other = new TestBrowser();
  await callbackFor(other, site, newPerson());
  const FAILED = [400, 'sign_in_failed'];
  for (const stranger of [new TestBrowser(), other]) expect(await errorOf(stranger.send(href))).toEqual(FAILED);
  const cookie = cookieOf(browser, site, '__Host-sign-in');
  expect((await browser.send(href)).status).toBe(302);
  expect(await errorOf(browser.send(href))).toEqual(FAILED);
  browser.cookiesOf(site).set('__Host-sign-in', cookie);
  expect(await errorOf(browser.send(href))).toEqual(FAILED);
});

it.each(['//evil.test', '/\\evil.test', 'https://evil.test', '/a\r\nset-cookie: x=y'])(
  'does not return to %p',
  async (path) => {
    const response = await new TestBrowser().send(
      `${site}/api/v1/sign-in/github?return_to=${encodeURIComponent(path)}`,
    );
    expect(await errorOf(response)).toEqual([400, 'invalid_request']);
  },
);

it('an account with the address is linked from its session, and never by the sign-in', async () => {
  const person = newPerson();
  const user = new SiteVisitor(site);
  await user.send('POST', '/api/v1/accounts', { email: person.email, password: PASSWORD, name: 'Ada' });
  const { response } = await signedInBrowser(site, person);
  expect(await errorOf(response)).toEqual([409, 'account_exists']);

  const browser = new TestBrowser();
  browser.cookiesOf(site).set('__Host-session', user.token ?? '');
  const link = (body: object, headers: Record<string, string> = { origin: site }): Promise<Response> =>
    browser.send(`${site}/api/v1/account/identities/github`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const proof = { current_password: PASSWORD, return_to: '/account' };
  expect(await errorOf(link(proof, { origin: 'https://evil.test' }))).toEqual([403, 'origin_not_allowed']);
  expect(await errorOf(link(proof))).toEqual([403, 'email_not_verified']);
  const token = await new MailFolder(test.description.mailDirectory).tokenFor(person.email, 'Verify');
  expect((await user.send('POST', '/api/v1/account/email-verification/confirm', { token })).status).toBe(200);
  expect(await errorOf(link({}))).toEqual([401, 'invalid_credentials']);
  const { url } = (await (await link(proof)).json()) as { url: string };
  const callback = await browser.followTo(authorizedBy(url, person), `${site}/api/v1/sign-in/github/callback`);
  const linked = await browser.send(callback.href);
  expect([linked.status, linked.headers.get('location')]).toEqual([302, '/account']);
  const { browser: again } = await signedInBrowser(site, person);
  expect(await accountOf(again)).toMatchObject(await accountOf(browser));
  expect((await user.send('DELETE', '/api/v1/account/identities/github')).status).toBe(200);
  expect(await errorOf((await signedInBrowser(site, person)).response)).toEqual([409, 'account_exists']);
});

it('an account with a second factor needs a code after the provider', async () => {
  const person = newPerson();
  const { browser: first } = await signedInBrowser(site, person);
  const user = new SiteVisitor(site, cookieOf(first, site, '__Host-session'));
  const { secret } = (await (await user.send('POST', '/api/v1/account/totp')).json()) as { secret: string };
  expect((await user.send('POST', '/api/v1/account/totp/confirm', { code: totpOf(secret) })).status).toBe(200);

  const { browser, response } = await signedInBrowser(site, person);
  expect([response.status, response.headers.get('location')]).toEqual([302, '/projects?second_factor=required']);
  expect(browser.cookiesOf(site).has('__Host-session')).toBe(false);
  const complete = (code: string): Promise<Response> =>
    browser.send(`${site}/api/v1/sign-in/second-factor`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: site },
      body: JSON.stringify({ code }),
    });
  expect(await errorOf(complete('000000'))).toEqual([401, 'invalid_code']);
  expect((await complete(totpOf(secret, 1))).status).toBe(200);
  expect(await accountOf(browser)).toMatchObject({ email: person.email });
});

// Last: the logs of all tests.
it('no code, state, cookie or secret is in any log', async () => {
  const browser = new TestBrowser();
  const { href, searchParams } = await callbackFor(browser, site, newPerson());
  const cookie = cookieOf(browser, site, '__Host-sign-in');
  expect((await browser.send(href)).status).toBe(302);
  const failed = new URL(href);
  failed.searchParams.set('code', randomBytes(10).toString('hex'));
  expect(await errorOf(browser.send(failed.href))).toEqual([400, 'sign_in_failed']);
  const logs = await Promise.all(test.platform.services.map(({ spec }) => readFile(spec.logFile, 'utf8')));
  const text = logs.join('\n');
  expect(text).toContain('/api/v1/sign-in/');
  const values = [...searchParams.values(), ...failed.searchParams.values(), cookie];
  const secrets = [...values, github.clientSecret, oidc.clientSecret, 'gho_'];
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
});
