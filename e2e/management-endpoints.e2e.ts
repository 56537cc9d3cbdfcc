/** Endpoints through the public API: from the catalogue and the tiers to the first request, on all gateways. */
import { scriptedPlatform } from '@xerotier/dev';
import { createClient } from '@xerotier/public-api/client';
import type { Client, Input } from '@xerotier/public-api/client';
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  listTiers,
  pauseEndpoint,
  resumeEndpoint,
  updateEndpoint,
} from '@xerotier/public-api/endpoints';
import { listCatalogueModels } from '@xerotier/public-api/model-catalogue';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { scripted } from './support/api-client.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

/** Caches of gateways live for 30 s: a change that takes effect earlier was announced. The margin is for slow machines. */
const ANNOUNCED_MS = 5_000;

const test = testPlatform(() => scriptedPlatform({ slots: 8 }));

/** @param apiKey default: the management key of the project. */
function management(apiKey = test.description.managementKey): Client {
  return createClient({ baseUrl: test.description.projectUrl, apiKey });
}

async function create(slug: string, body: Partial<Input<typeof createEndpoint>['body']> = {}): Promise<void> {
  await management().call(createEndpoint, {
    body: { slug, model: test.platform.modelId('scripted'), tier: 'self_hosted', ...body },
  });
}

async function chat(endpointSlug: string): Promise<[number, string | undefined]> {
  const { status, body } = await test.api.with({ endpointSlug }).post(scripted({ tokens: 1 }, { max_tokens: 1 }));
  return [status, 'error' in body ? (body.error.code ?? undefined) : undefined];
}

function eventuallyChats(endpointSlug: string, ...expected: [number, string | undefined]): Promise<unknown> {
  return eventually(
    `the endpoint responds with ${expected.join(' ')}`,
    async () => String(await chat(endpointSlug)) === String(expected),
    ANNOUNCED_MS,
  );
}

describe('an endpoint', () => {
  it('is created with a model of the catalogue and a tier, and serves at once', async () => {
    const { data: models } = await management().call(listCatalogueModels, { query: { limit: '100' } });
    expect(models.map(({ id }) => id)).toContain(test.platform.modelId('scripted'));
    const { data: tiers } = await management().call(listTiers, {});
    expect(tiers).toContainEqual(expect.objectContaining({ id: 'self_hosted', requests_per_minute: null }));
    await create('first');
    expect(await chat('first')).toEqual([200, undefined]);
    const { data } = await management().call(listEndpoints, { query: { order: 'desc', limit: '1' } });
    expect(data).toMatchObject([
      { slug: 'first', model: test.description.model, tier: 'self_hosted', status: 'active' },
    ]);
  });

  it('rejects requests while it is paused, by URL and by model', async () => {
    await create('paused');
    const paused = await management().call(pauseEndpoint, { params: { slug: 'paused' } });
    expect(paused).toMatchObject({ status: 'paused' });
    await eventuallyChats('paused', 503, 'endpoint_inactive');
    await management().call(resumeEndpoint, { params: { slug: 'paused' } });
    await eventuallyChats('paused', 200, undefined);
  });

  it('applies its defaults to requests that do not set them', async () => {
    await create('defaults', { defaults: { max_completion_tokens: 3, system_prompt: 'Be brief.' } });
    const api = test.api.with({ endpointSlug: 'defaults' });
    const { body } = await api.post(scripted({ tokens: 9 }, {}));
    expect(body).toMatchObject({ usage: { completion_tokens: 3 }, choices: [{ finish_reason: 'length' }] });
    const own = await api.post(scripted({ tokens: 9 }, { max_completion_tokens: 5 }));
    expect(own.body).toMatchObject({ usage: { completion_tokens: 5 } });
    // On the base URL of the project, whose access has no system prompts.
    const short = scripted({ tokens: 1 }, {});
    const byModel = await fetch(`${api.projectUrl}/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${test.description.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...short, model: 'defaults' }),
    });
    const { usage } = (await byModel.json()) as { usage: object };
    expect(usage).toEqual((await api.chat(short)).body.usage);
    await management().call(updateEndpoint, { params: { slug: 'defaults' }, body: { defaults: {} } });
    await eventually(
      'the defaults are gone',
      async () => JSON.stringify((await api.post(scripted({ tokens: 9 }, {}))).body).includes('"completion_tokens":9'),
      ANNOUNCED_MS,
    );
  });

  it('is gone after it was deleted, and its slug stays taken', async () => {
    await create('deleted');
    const deleted = await management().call(deleteEndpoint, { params: { slug: 'deleted' } });
    expect(deleted).toMatchObject({ object: 'endpoint.deleted', slug: 'deleted', deleted: true });
    await eventuallyChats('deleted', 404, 'endpoint_not_found');
    await expect(create('deleted')).rejects.toMatchObject({ status: 409, code: 'slug_taken' });
  });

  it('is created once for a repeated request with the same Idempotency-Key', async () => {
    const call = (slug: string): Promise<unknown> =>
      management().call(createEndpoint, {
        body: { slug, model: test.platform.modelId('scripted'), tier: 'self_hosted' },
        headers: { 'Idempotency-Key': key },
      });
    const key = randomUUID();
    const first = await call('once');
    expect(await call('once')).toEqual(first);
    await expect(call('twice')).rejects.toMatchObject({ status: 409, code: 'idempotency_key_reused' });
  });

  it.each<[string, Partial<Input<typeof createEndpoint>['body']>, number, string, string]>([
    ['a slug that is taken', { slug: 'chat' }, 409, 'slug_taken', 'slug'],
    ['an unknown model', { model: 'none' }, 404, 'model_not_found', 'model'],
    ['an unknown tier', { tier: 'none' }, 404, 'tier_not_found', 'tier'],
    ['an invalid slug', { slug: 'Not A Slug' }, 400, 'invalid_request', 'slug'],
    ['an invalid default', { defaults: { temperature: 3 } }, 400, 'invalid_request', 'defaults.temperature'],
    ['an invalid target', { slo: { ttft_ms: 0 } }, 400, 'invalid_request', 'slo.ttft_ms'],
  ])('is not created with %s', async (_, body, status, code, param) => {
    await expect(create('invalid', body)).rejects.toMatchObject({ status, code, param });
  });

  it('of another project does not exist', async () => {
    const other = await addTenant(test.platform, 'scripted');
    const foreign = createClient({
      baseUrl: `${test.description.baseUrl}/${other.projectId}/v1`,
      apiKey: test.description.managementKey,
    });
    const params = { slug: other.endpointSlug };
    const missing = { status: 404, code: 'project_not_found' };
    await expect(foreign.call(getEndpoint, { params })).rejects.toMatchObject(missing);
    await expect(foreign.call(updateEndpoint, { params, body: {} })).rejects.toMatchObject(missing);
    await expect(foreign.call(pauseEndpoint, { params })).rejects.toMatchObject(missing);
    await expect(foreign.call(deleteEndpoint, { params })).rejects.toMatchObject(missing);
    expect((await test.api.with(other).post(scripted({ tokens: 1 }))).status).toBe(200);
  });

  it('cannot be managed with an inference key', async () => {
    const rejected = management(test.description.apiKey).call(listEndpoints, {});
    await expect(rejected).rejects.toMatchObject({ status: 403, code: 'scope_insufficient' });
  });
});
