/** API keys through the public API: created, restricted, rotated and revoked with a management key, on all gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { createClient } from '@xerotier/public-api/client';
import type { Client, Input } from '@xerotier/public-api/client';
import {
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  setApiKeyIpFilter,
  setApiKeyQuota,
} from '@xerotier/public-api/api-keys';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { scripted } from './support/api-client.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const GATEWAYS = 2;
/** Caches of gateways live for 30 s: a change that takes effect earlier was announced. The margin is for slow machines. */
const ANNOUNCED_MS = 5_000;

const test = testPlatform(() => {
  const plan = scriptedPlatform({ slots: 8 });
  return {
    ...plan,
    gateways: GATEWAYS,
    endpoints: [...plan.endpoints, ...plan.endpoints.map((endpoint) => ({ ...endpoint, slug: 'second' }))],
  };
});

const gateways = Array.from({ length: GATEWAYS }, (_, at) => (at === 0 ? 'gateway' : `gateway-${at + 1}`));
type NewKey = ResponseOf<typeof createApiKey>;

/** @param apiKey default: the management key of the project. */
function management(apiKey = test.description.managementKey): Client {
  return createClient({ baseUrl: test.description.projectUrl, apiKey });
}

function create(body: Partial<Input<typeof createApiKey>['body']> = {}): Promise<NewKey> {
  return management().call(createApiKey, { body: { name: 'e2e', ...body } });
}

/** Sends a chat completion to each gateway. @returns status and code of each. */
async function chats(apiKey: string, endpointSlug = 'chat'): Promise<[number, string | undefined][]> {
  const sent = gateways.map(async (name): Promise<[number, string | undefined]> => {
    const baseUrl = `http://127.0.0.1:${test.platform.service(name).facts['port']}`;
    const { status, body } = await test.api
      .with({ baseUrl, apiKey, endpointSlug })
      .post(scripted({ tokens: 1 }, { max_tokens: 1 }));
    return [status, 'error' in body ? (body.error.code ?? undefined) : undefined];
  });
  return Promise.all(sent);
}

const onAll = (status: number, code?: string): [number, string | undefined][] => gateways.map(() => [status, code]);

async function eventuallyOnAll(apiKey: string, status: number, code?: string): Promise<void> {
  await eventually(
    `every gateway responds with ${status} ${code ?? ''}`,
    async () => (await chats(apiKey)).every((one) => one[0] === status && one[1] === code),
    ANNOUNCED_MS,
  );
}

describe('an API key', () => {
  it('is valid at once, and rejected by every gateway when it is revoked', async () => {
    const { id, key, ...created } = await create({ name: 'short-lived' });
    expect(created).toMatchObject({
      name: 'short-lived',
      scopes: ['inference'],
      is_active: true,
      last4: key.slice(-4),
    });
    expect(await chats(key)).toEqual(onAll(200));
    const revoked = await management().call(revokeApiKey, { params: { key: id } });
    expect(revoked).toMatchObject({ id, is_active: false, revoked_at: expect.any(Number) });
    await eventuallyOnAll(key, 401, 'invalid_api_key');
    expect(await management().call(revokeApiKey, { params: { key: id } })).toEqual(revoked);
  });

  it('is listed without its value', async () => {
    const { id, key, ...rest } = await create();
    const listed = await management().call(listApiKeys, { query: { limit: '1' } });
    expect(listed).toMatchObject({ data: [{ id, ...rest }], has_more: true });
    expect(JSON.stringify(listed)).not.toContain(key);
    expect(await management().call(getApiKey, { params: { key: id } })).toEqual({ id, ...rest });
  });

  it('has a new value after a rotation, and the old one for the grace period only', async () => {
    const { id, key } = await create();
    const graced = await management().call(rotateApiKey, { params: { key: id } });
    expect(graced.previous_valid_until).toBeGreaterThan(Date.now() / 1_000);
    for (const value of [key, graced.key]) expect(await chats(value)).toEqual(onAll(200));
    const body = { grace_seconds: 0 };
    const rotated = await management().call(rotateApiKey, { params: { key: id }, body });
    for (const value of [key, graced.key]) await eventuallyOnAll(value, 401, 'invalid_api_key');
    expect(await chats(rotated.key)).toEqual(onAll(200));
  });

  it('is rejected from an address that its filter does not allow', async () => {
    const { id, key } = await create({ ip_filter: { allow: ['203.0.113.0/24', '2001:db8::/32'] } });
    expect(await chats(key)).toEqual(onAll(403, 'address_not_allowed'));
    const set = (body: Input<typeof setApiKeyIpFilter>['body']): Promise<unknown> =>
      management().call(setApiKeyIpFilter, { params: { key: id }, body });
    await set({ allow: ['127.0.0.0/8'], block: [] });
    await eventuallyOnAll(key, 200);
    await set({ allow: [], block: ['127.0.0.1'] });
    await eventuallyOnAll(key, 403, 'address_not_allowed');
  });

  it('of one endpoint is rejected at the others', async () => {
    const { key, endpoint_id: endpointId } = await create({ endpoint: 'second' });
    expect(endpointId).toEqual(expect.any(String));
    expect(await chats(key, 'second')).toEqual(onAll(200));
    expect(await chats(key, 'chat')).toEqual(onAll(403, 'endpoint_not_allowed'));
    await expect(create({ endpoint: 'none' })).rejects.toMatchObject({ status: 404, code: 'endpoint_not_found' });
  });

  it('that has expired is rejected', async () => {
    const { key } = await create({ expires_at: Math.ceil(Date.now() / 1_000) + 1 });
    await eventually('the key has expired', async () => (await chats(key)).every(([status]) => status === 401), 40_000);
    await expect(create({ expires_at: 1 })).rejects.toMatchObject({ status: 400, param: 'expires_at' });
  });
});

describe('a repeated request with an Idempotency-Key', () => {
  it('creates one key, and gets the same response', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { name: `idempotent ${headers['Idempotency-Key']}` };
    const sent = Array.from({ length: 5 }, () => management().call(createApiKey, { headers, body }));
    const [first, ...others] = await Promise.all(sent);
    for (const other of others) expect(other).toEqual(first);
    const { data } = await management().call(listApiKeys, { query: { limit: '100' } });
    expect(data.filter(({ name }) => name === body.name)).toHaveLength(1);
    await expect(management().call(createApiKey, { headers, body: { name: 'another' } })).rejects.toMatchObject({
      status: 409,
      code: 'idempotency_key_reused',
    });
  });
});

describe('management of API keys', () => {
  it('requires the scope management', async () => {
    const inference = management(test.description.apiKey);
    const { id } = await create();
    const params = { key: id };
    const calls = [
      inference.call(listApiKeys),
      inference.call(createApiKey, { body: { name: 'k' } }),
      inference.call(getApiKey, { params }),
      inference.call(revokeApiKey, { params }),
      inference.call(rotateApiKey, { params }),
      inference.call(setApiKeyIpFilter, { params, body: {} }),
      inference.call(setApiKeyQuota, { params, body: { requests: null } }),
    ];
    const expected = { status: 403, code: 'scope_insufficient' };
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(expected)));
  });

  it('responds for a key of another project as for an unknown one', async () => {
    const other = await addTenant(test.platform, 'scripted');
    const theirs = await keyIdOf(other.projectId);
    for (const key of [theirs, `key_${'0'.repeat(24)}`, 'nonsense']) {
      const params = { key };
      const calls = [
        management().call(getApiKey, { params }),
        management().call(revokeApiKey, { params }),
        management().call(rotateApiKey, { params }),
        management().call(setApiKeyIpFilter, { params, body: {} }),
        management().call(setApiKeyQuota, { params, body: { requests: 1 } }),
      ];
      const message = `API key '${key}' was not found.`;
      const expected = { status: 404, code: 'api_key_not_found', message };
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(expected)));
    }
    expect((await test.api.with(other).post(scripted({ tokens: 1 }))).status).toBe(200);
    const foreign = createClient({
      baseUrl: `${test.description.baseUrl}/${other.projectId}/v1`,
      apiKey: test.description.managementKey,
    });
    await expect(foreign.call(listApiKeys)).rejects.toMatchObject({ status: 404, code: 'project_not_found' });
  });
});

async function keyIdOf(projectId: string): Promise<string> {
  const client = new pg.Client({ connectionString: test.description.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM auth.api_key WHERE project_id = $1', [
      projectId,
    ]);
    return rows[0]?.id ?? '';
  } finally {
    await client.end();
  }
}
