/** Accounts, sessions and the projects of users, through two gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 1 }),
  gateways: 2,
  // All tests come from one address.
  env: {
    REGISTRATIONS_PER_ADDRESS: '1000',
    SIGN_IN_FAILURES_PER_ADDRESS: '1000',
    MANAGEMENT_REQUESTS_PER_MINUTE: '100000',
  },
}));

const PASSWORD = `correct horse ${randomBytes(8).toString('hex')}`;
const WRONG = [401, 'invalid_credentials'];
const secrets: string[] = [PASSWORD];

let visitor: SiteVisitor;
let email: string;

beforeEach(() => {
  visitor = new SiteVisitor(test.description.baseUrl);
  email = `ada-${randomBytes(6).toString('hex')}@example.com`;
});

afterEach(() => {
  if (visitor.token !== undefined) secrets.push(visitor.token);
});

function baseUrls(): string[] {
  return test.platform.services
    .filter(({ spec }) => spec.app === 'gateway')
    .map(({ facts }) => `http://127.0.0.1:${facts['port']}`);
}

function register(by = visitor, address = email): Promise<Response> {
  return by.send('POST', '/api/v1/accounts', { email: address, password: PASSWORD, name: 'Ada' });
}

function signIn(password = PASSWORD, by = visitor): Promise<Response> {
  return by.send('POST', '/api/v1/sessions', { email, password });
}

async function createProject(by = visitor): Promise<string> {
  const response = await by.send('POST', '/api/v1/projects', { name: 'Demo', slug: 'demo' });
  const { id } = (await response.json()) as { id: string };
  expect([response.status, id]).toEqual([200, expect.stringMatching(/^proj_/)]);
  return id;
}

async function listed(path: string, by = visitor): Promise<Record<string, unknown>[]> {
  const response = await by.send('GET', path);
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: Record<string, unknown>[] }).data;
}

it('a user registers, signs out, signs in, creates a project and an API key for it', async () => {
  const registered = await register();
  expect([registered.status, await registered.json()]).toEqual([200, expect.objectContaining({ email, name: 'Ada' })]);
  expect(registered.headers.get('set-cookie')).toMatch(
    /^__Host-session=[\w-]{43}; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
  );
  expect((await visitor.send('DELETE', '/api/v1/sessions/current')).status).toBe(200);
  expect(visitor.token).toBe('');
  expect(await errorOf(visitor.send('GET', '/api/v1/account'))).toEqual([401, 'invalid_session']);

  expect((await signIn()).status).toBe(200);
  const project = await createProject();
  expect(await listed('/api/v1/projects')).toEqual([
    expect.objectContaining({ id: project, object: 'project', name: 'Demo', slug: 'demo', role: 'owner' }),
  ]);
  const keys = `/${project}/v1/management/api-keys`;
  const created = await visitor.send('POST', keys, { name: 'first' });
  const { key } = (await created.json()) as { key: string };
  expect([created.status, key]).toEqual([200, expect.stringMatching(/^xero_demo_/)]);
  expect(await listed(keys)).toEqual([expect.objectContaining({ name: 'first' })]);
  const models = await fetch(`${test.description.baseUrl}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  expect(models.status).toBe(200);
});

it('an ended session is rejected on all gateways within a second', async () => {
  await register();
  const gateways = baseUrls().map((baseUrl) => visitor.at(baseUrl));
  expect(gateways).toHaveLength(2);
  for (const gateway of gateways) expect((await gateway.send('GET', '/api/v1/account')).status).toBe(200);
  expect((await visitor.send('DELETE', '/api/v1/sessions/current')).status).toBe(200);
  for (const gateway of gateways) {
    await eventually(
      'the session is rejected',
      async () => (await gateway.send('GET', '/api/v1/account')).status === 401,
      1_000,
    );
  }
});

it('a changed password ends all other sessions', async () => {
  await register();
  const other = new SiteVisitor(test.description.baseUrl);
  await signIn(PASSWORD, other);
  secrets.push(other.token ?? '');
  expect(await listed('/api/v1/sessions', other)).toHaveLength(2);
  const body = { current_password: PASSWORD, new_password: `another ${PASSWORD}` };
  expect((await other.send('PUT', '/api/v1/account/password', body)).status).toBe(200);
  await eventually('the session ends', async () => (await visitor.send('GET', '/api/v1/account')).status === 401);
  expect((await other.send('GET', '/api/v1/account')).status).toBe(200);
  expect(await errorOf(signIn())).toEqual(WRONG);
});

it('a session of the list can be ended, and all others together', async () => {
  await register();
  const others = [new SiteVisitor(test.description.baseUrl), new SiteVisitor(test.description.baseUrl)];
  for (const other of others) await signIn(PASSWORD, other);
  const sessions = await listed('/api/v1/sessions');
  expect(sessions.map((session) => session['is_current'])).toEqual([false, false, true]);
  const ended = await visitor.send('DELETE', `/api/v1/sessions/${String(sessions[0]?.['id'])}`);
  expect(ended.status).toBe(200);
  const rest = await visitor.send('DELETE', '/api/v1/sessions');
  expect(await rest.json()).toEqual({ object: 'sessions.deleted', deleted: 1 });
  expect(await listed('/api/v1/sessions')).toHaveLength(1);
});

it.each([
  ['no origin', {}],
  ['the origin of another site', { origin: 'https://evil.test' }],
  ['a cross-site request', { 'sec-fetch-site': 'cross-site' }],
])('a change with %s is rejected', async (_, headers) => {
  await register();
  const body = { name: 'Demo', slug: 'demo' };
  expect(await errorOf(visitor.send('POST', '/api/v1/projects', body, headers))).toEqual([403, 'origin_not_allowed']);
  expect(await listed('/api/v1/projects')).toEqual([]);
});

it('the project of another account is not found', async () => {
  await register();
  const project = await createProject();
  const other = new SiteVisitor(test.description.baseUrl);
  await register(other, `other-${email}`);
  const missing = [404, 'project_not_found'];
  for (const id of [project, 'proj_0000000000']) {
    expect(await errorOf(other.send('GET', `/${id}/v1/management/api-keys`))).toEqual(missing);
    expect(await errorOf(other.send('POST', `/${id}/v1/management/api-keys`, { name: 'k' }))).toEqual(missing);
  }
  expect(await listed('/api/v1/projects', other)).toEqual([]);
});

it('after ten wrong passwords, an account is closed for a while on all gateways', async () => {
  await register();
  const gateways = baseUrls().map((baseUrl) => new SiteVisitor(baseUrl));
  for (let i = 0; i < 10; i++) expect(await errorOf(signIn('a wrong password', gateways[i % 2]))).toEqual(WRONG);
  for (const gateway of gateways) {
    const response = await signIn(PASSWORD, gateway);
    expect(await errorOf(response)).toEqual([429, 'too_many_attempts']);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(600);
  }
  // Whoever is signed in is not affected.
  expect((await visitor.send('GET', '/api/v1/account')).status).toBe(200);
});

it('an unknown account and a wrong password are the same error', async () => {
  await register();
  const bodies = await Promise.all(
    [email, `no-${email}`].map(async (address) => {
      const body = { email: address, password: 'a wrong password' };
      const response = await new SiteVisitor(test.description.baseUrl).send('POST', '/api/v1/sessions', body);
      return [response.status, await response.text()];
    }),
  );
  expect(bodies[0]).toEqual(bodies[1]);
});

it.each([
  ['password', { email: 'a@example.com', password: 'short', name: 'Ada' }],
  ['email', { email: 'not an address', password: PASSWORD, name: 'Ada' }],
  ['name', { email: 'a@example.com', password: PASSWORD, name: '' }],
])('an invalid %s is rejected', async (param, body) => {
  const response = await visitor.send('POST', '/api/v1/accounts', body);
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: expect.objectContaining({ code: 'invalid_request', param }) },
  ]);
});

// Last: the logs of all tests.
it('no password and no token is in any log', async () => {
  const malformed = `{"email":"a@example.com","password":"${PASSWORD}"`;
  expect(await errorOf(visitor.sendText('POST', '/api/v1/sessions', malformed))).toEqual([400, 'json_parse_error']);
  const logs = await Promise.all(test.platform.services.map(({ spec }) => readFile(spec.logFile, 'utf8')));
  const text = logs.join('\n');
  expect(text).toContain('credentials rejected');
  expect(secrets.filter((secret) => secret !== '').length).toBeGreaterThan(3);
  expect(secrets.filter((secret) => secret !== '' && text.includes(secret))).toEqual([]);
});
