/** From the one-time token of a new platform to its first admin, and what operators change, on two gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { scripted } from './support/api-client.ts';
import type { ApiClient } from './support/api-client.ts';
import { errorOf, SiteVisitor } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 1 }),
  gateways: 2,
  env: { REGISTRATIONS_PER_ADDRESS: '1000', MANAGEMENT_REQUESTS_PER_MINUTE: '100000' },
}));
const PASSWORD = 'correct horse battery staple';
const email = (): string => `${randomBytes(6).toString('hex')}@example.com`;

let admin: SiteVisitor;
const secondGateway = (): string => `http://127.0.0.1:${test.platform.service('gateway-2').facts['port']}`;

async function jsonOf<T>(response: Promise<Response>): Promise<T> {
  const received = await response;
  const body: unknown = await received.json();
  expect({ status: received.status, body }).toMatchObject({ status: 200 });
  return body as T;
}

beforeAll(async () => {
  admin = new SiteVisitor(test.description.baseUrl);
  const account = { token: test.description.bootstrapToken, email: email(), password: PASSWORD, name: 'Ada' };
  expect(await jsonOf(admin.send('POST', '/api/v1/bootstrap', account))).toMatchObject({ system_role: 'admin' });
});

describe('the first admin', () => {
  it('signs in to the demo project as an owner', async () => {
    const { projectId } = test.description;
    const { data } = await jsonOf<{ data: object[] }>(admin.send('GET', '/api/v1/projects'));
    expect(data).toMatchObject([{ id: projectId, role: 'owner' }]);
    await jsonOf(admin.send('GET', `/${projectId}/v1/management/api-keys`));
    const project = await jsonOf(admin.send('GET', `/api/v1/admin/projects/${projectId}`));
    expect(project).toMatchObject({ id: projectId, members: 1, endpoints: 1, api_keys: 2 });
  });

  it('is the only one of the token', async () => {
    const visitor = new SiteVisitor(test.description.baseUrl);
    const account = { token: test.description.bootstrapToken, email: email(), password: PASSWORD, name: 'Eve' };
    expect(await errorOf(visitor.send('POST', '/api/v1/bootstrap', account))).toEqual([400, 'invalid_token']);
    expect(await errorOf(visitor.send('POST', '/api/v1/bootstrap', { token: 'x' }))).toEqual([400, 'invalid_request']);
  });

  it('cannot lose the role', async () => {
    const { id } = await jsonOf<{ id: string }>(admin.send('GET', '/api/v1/account'));
    for (const [method, path, body] of [
      ['POST', 'disable', undefined],
      ['PUT', 'system-role', { system_role: null }],
    ] as const)
      expect(await errorOf(admin.send(method, `/api/v1/admin/accounts/${id}/${path}`, body))).toEqual([
        409,
        'last_admin',
      ]);
  });
});

describe('an operator', () => {
  it('loses the role, and the session of its account, on all gateways', async () => {
    const operator = new SiteVisitor(test.description.baseUrl);
    const person = { email: email(), password: PASSWORD, name: 'Bo' };
    const { id } = await jsonOf<{ id: string }>(operator.send('POST', '/api/v1/accounts', person));
    const path = `/api/v1/admin/accounts/${id}`;
    await jsonOf(admin.send('PUT', `${path}/system-role`, { system_role: 'operator' }));
    const elsewhere = operator.at(secondGateway());
    await jsonOf(elsewhere.send('GET', '/api/v1/admin/tiers'));
    await jsonOf(admin.send('PUT', `${path}/system-role`, { system_role: null }));
    expect(await errorOf(elsewhere.send('GET', '/api/v1/admin/tiers'))).toEqual([403, 'role_insufficient']);
    // The session is in the cache of the other gateway.
    await jsonOf(elsewhere.send('GET', '/api/v1/account'));
    await jsonOf(admin.send('POST', `${path}/disable`));
    const ended = async (): Promise<boolean> => (await elsewhere.send('GET', '/api/v1/account')).status === 401;
    await eventually('the session ends on the other gateway', ended, 5_000);
    expect(await errorOf(operator.send('GET', '/api/v1/account'))).toEqual([401, 'invalid_session']);
  });

  it('makes a tier with timeouts, which end requests and bill what was generated', async () => {
    const { projectId, model } = test.description;
    const timedApi = async (timeouts: object): Promise<ApiClient> => {
      const tier = `t_${randomBytes(4).toString('hex')}`;
      await jsonOf(admin.send('POST', '/api/v1/admin/tiers', { id: tier, name: 'Timed', ...timeouts }));
      const slug = tier.replace('_', '-');
      await jsonOf(admin.send('POST', `/${projectId}/v1/management/endpoints`, { slug, model, tier }));
      return test.api.with({ endpointSlug: slug });
    };
    const tokensOf = (api: ApiClient): Promise<number> =>
      eventually('the ledger has the request', async () => {
        const path = `/${projectId}/v1/usage/totals?endpoint=${api.target.endpointSlug}`;
        const { output_tokens: tokens } = await jsonOf<{ output_tokens: number }>(admin.send('GET', path));
        return tokens > 0 ? tokens : undefined;
      });
    const short = await timedApi({ request_timeout_seconds: 1 });
    const slow = scripted({ tokens: 1_000, delayMs: 50 });
    const rejected = await short.rejected(slow);
    expect([rejected.status, rejected.body.error.code]).toEqual([504, 'deadline_exceeded']);
    expect(await tokensOf(short)).toBeGreaterThan(0);

    const streamed = await short.stream(slow);
    await streamed.textChunks(2);
    expect([await streamed.ended, streamed.error?.code]).toEqual(['error', 'deadline_exceeded']);

    const idle = await timedApi({ idle_timeout_seconds: 1 });
    const beforeFirst = await idle.rejected({ ...scripted({ tokens: 1, prefillMs: 60_000 }), stream: true });
    expect([beforeFirst.status, beforeFirst.body.error.code]).toEqual([504, 'deadline_exceeded']);
    const stuck = await idle.stream(scripted({ tokens: 9, delayMs: 20_000 }));
    expect([await stuck.ended, stuck.error?.code]).toEqual(['error', 'deadline_exceeded']);
    const steady = await idle.stream(scripted({ tokens: 60, delayMs: 50 }));
    expect(await steady.ended).toBe('done');
  });

  it('makes a tier with prices, which endpoints use and the cost of requests follows', async () => {
    const { projectId, model } = test.description;
    const tier = `t_${randomBytes(4).toString('hex')}`;
    await jsonOf(admin.send('POST', '/api/v1/admin/tiers', { id: tier, name: 'Mine', endpoints_max: 1 }));
    const prices = { input_micros: 1_000_000, cached_input_micros: 1_000_000, output_micros: 1_000_000 };
    await jsonOf(admin.send('POST', `/api/v1/admin/tiers/${tier}/prices`, prices));
    const endpoints = `/${projectId}/v1/management/endpoints`;
    await jsonOf(admin.send('POST', endpoints, { slug: 'priced', model, tier }));
    const second = admin.send('POST', endpoints, { slug: 'priced-2', model, tier });
    expect(await errorOf(second)).toEqual([409, 'limit_exceeded']);
    const url = `${test.description.baseUrl}/${projectId}/priced/v1/chat/completions`;
    const { body } = await test.api.request<{ usage: { total_tokens: number } }>(
      'POST',
      url,
      undefined,
      scripted({ tokens: 7 }),
    );
    const cost = await eventually('the ledger has the request', async () => {
      const path = `/${projectId}/v1/usage/totals?endpoint=priced`;
      const totals = await jsonOf<{ cost_micros: number }>(admin.send('GET', path));
      return totals.cost_micros > 0 ? totals.cost_micros : undefined;
    });
    expect(cost).toBe(body.usage.total_tokens);
    expect(await errorOf(admin.send('DELETE', `/api/v1/admin/tiers/${tier}`))).toEqual([409, 'tier_in_use']);
    await jsonOf(admin.send('DELETE', `${endpoints}/priced`));
    await jsonOf(admin.send('DELETE', `/api/v1/admin/tiers/${tier}`));
    const { data } = await jsonOf<{ data: { action: string }[] }>(
      admin.send('GET', `/api/v1/admin/audit-log?target_id=${tier}`),
    );
    expect(data.map(({ action }) => action)).toEqual(['tier.deleted', 'tier_price.created', 'tier.created']);
  });
});
