import { accessChanged, endpointsContract } from '@xerotier/contracts/auth';
import type { ChangeContext, EndpointRecord } from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { eventually } from '@xerotier/testing';
import { randomUUID } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import type { SeededProject } from '../../test/running-auth.ts';
import type { AccessChange } from '../access/access-change.ts';
import type { EndpointsInput } from './endpoints.service.ts';

const NOT_FOUND = { code: 'endpoint.not_found' };

const { operations } = endpointsContract;
const auth = runningAuth();
const announced: AccessChange[] = [];
let project: SeededProject;
let context: ChangeContext;

beforeAll(async () => {
  auth.bus.subscribe(accessChanged, (change) => void announced.push(change));
  await auth.bus.flush();
});

beforeEach(async () => {
  // With the endpoint `chat` on the tier `free`.
  project = await auth.seed();
  context = contextOf(project);
  announced.length = 0;
});

function contextOf({ id }: SeededProject): ChangeContext {
  return {
    projectId: id,
    actor: { kind: 'api_key', id: 'key_1' },
    clientAddress: '203.0.113.7',
    requestId: `req_${randomUUID()}`,
  };
}

type Properties = Omit<EndpointsInput<'createEndpoint'>, 'context'>;

function create(slug: string, properties: Partial<Properties> = {}, by = context): Promise<EndpointRecord> {
  return auth.bus.call(operations.createEndpoint, {
    ...{ context: by, slug, modelId: 'tiny', tier: 'self_hosted', task: 'generate', defaults: {}, latencyTargets: {} },
    ...properties,
  });
}

const get = (slug: string, { id } = project): Promise<EndpointRecord> =>
  auth.bus.call(operations.getEndpoint, { projectId: id, slug });

type Changes = Omit<EndpointsInput<'updateEndpoint'>, 'context' | 'slug'>;
const update = (slug: string, changes: Changes, by = context): Promise<EndpointRecord> =>
  auth.bus.call(operations.updateEndpoint, { context: by, slug, ...changes });

const setStatus = (slug: string, status: 'active' | 'paused', by = context): Promise<EndpointRecord> =>
  auth.bus.call(operations.setEndpointStatus, { context: by, slug, status });

const remove = (slug: string, by = context): Promise<EndpointRecord> =>
  auth.bus.call(operations.deleteEndpoint, { context: by, slug });

async function slugs(page: Partial<EndpointsInput<'listEndpoints'>> = {}): Promise<[string[], boolean]> {
  const { data, hasMore } = await auth.bus.call(operations.listEndpoints, {
    ...{ projectId: project.id, limit: 20, order: 'asc' },
    ...page,
  });
  return [data.map(({ slug }) => slug), hasMore];
}

async function actions(): Promise<string[]> {
  const rows = await withEveryTenant(auth.database, (manager) =>
    manager.query<{ action: string }[]>('SELECT action FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence', [
      project.id,
    ]),
  );
  return rows.map(({ action }) => action);
}

describe('createEndpoint', () => {
  it('creates an endpoint that keys of the project can use, with all its settings', async () => {
    const settings = {
      defaults: { temperature: 0.2, topP: 0.9, maxCompletionTokens: 512, systemPrompt: 'Be brief.' },
      latencyTargets: { timeToFirstTokenMs: 500, timePerOutputTokenMs: 50 },
    };
    const created = await create('agents', settings);
    expect(created).toMatchObject({ slug: 'agents', status: 'active', ...settings });
    expect(await get('agents')).toEqual(created);
    const { endpoints } = await auth.authorize(project.key, project.id, 'agents');
    expect(endpoints).toMatchObject([{ id: created.id, status: 'active', tier: 'self_hosted', ...settings }]);
    expect(await actions()).toEqual(['endpoint.created']);
    await eventually('it is announced', () => announced.some(({ projectId }) => projectId === project.id));
  });

  it('rejects a slug that is used, also by a deleted endpoint', async () => {
    await expect(create('chat')).rejects.toMatchObject({ code: 'endpoint.slug_taken' });
    await remove('chat');
    await expect(create('chat')).rejects.toMatchObject({ code: 'endpoint.slug_taken' });
    expect(await actions()).toEqual(['endpoint.deleted']);
  });

  it('allows the slug in another project', async () => {
    const other = await auth.seed();
    await create('agents');
    expect(await create('agents', {}, contextOf(other))).toMatchObject({ slug: 'agents' });
  });

  it('rejects an unknown tier', async () => {
    await expect(create('agents', { tier: 'none' })).rejects.toMatchObject({ code: 'tier.not_found' });
  });

  it('keeps the maximum of the tier, also for concurrent requests', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => create(`free-${i}`, { tier: 'free' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(create('one-more', { tier: 'free' })).rejects.toMatchObject({ code: 'endpoint.too_many' });
    await remove('chat');
    expect(await create('one-more', { tier: 'free' })).toMatchObject({ tier: 'free' });
  });
});

describe('updateEndpoint', () => {
  it('changes what is present, and nothing else', async () => {
    const { createdAt: _, ...before } = await create('agents', { defaults: { temperature: 1 } });
    expect(await update('agents', { modelId: 'small' })).toMatchObject({ ...before, modelId: 'small' });
    expect(await update('agents', { defaults: { topP: 0.5 } })).toMatchObject({ defaults: { topP: 0.5 } });
    expect((await get('agents')).defaults).toEqual({ topP: 0.5 });
    expect(await update('agents', { latencyTargets: { timeToFirstTokenMs: 9 } })).toMatchObject({
      ...before,
      modelId: 'small',
      defaults: { topP: 0.5 },
      latencyTargets: { timeToFirstTokenMs: 9 },
    });
    expect(await update('agents', { latencyTargets: {} })).toMatchObject({ latencyTargets: {} });
  });

  it('keeps the maximum of the new tier', async () => {
    await create('second', { tier: 'free' });
    await create('agents');
    await expect(update('agents', { tier: 'free' })).rejects.toMatchObject({ code: 'endpoint.too_many' });
    await expect(update('agents', { tier: 'none' })).rejects.toMatchObject({ code: 'tier.not_found' });
    expect(await update('second', { tier: 'free', modelId: 'small' })).toMatchObject({ modelId: 'small' });
  });
});

describe('an uploaded model', () => {
  const modelId = 'model_0123456789abcdef01234567';
  const upload = { bytes: 1_000 };
  const WRONG_TIER = { code: 'endpoint.wrong_tier', param: 'tier' };
  const TOO_LARGE = { code: 'endpoint.model_too_large', param: 'model' };

  it('is served on the tier for own workers only', async () => {
    await expect(create('agents', { modelId, upload, tier: 'gpu_nvidia_shared' })).rejects.toMatchObject(WRONG_TIER);
    expect(await create('agents', { modelId, upload })).toMatchObject({ modelId, tier: 'self_hosted' });
    expect(await actions()).toEqual(['endpoint.created']);
  });

  it('does not follow its endpoint to another tier, and does not come to one', async () => {
    await create('agents', { modelId, upload });
    await expect(update('agents', { tier: 'gpu_nvidia_shared' })).rejects.toMatchObject(WRONG_TIER);
    await expect(update('chat', { modelId, upload })).rejects.toMatchObject(WRONG_TIER);
    expect(await update('chat', { modelId, upload, tier: 'self_hosted' })).toMatchObject({ modelId });
    expect(await update('agents', { modelId: 'tiny', tier: 'gpu_nvidia_shared' })).toMatchObject({ modelId: 'tiny' });
    expect(await update('agents', { tier: 'cpu_standard' })).toMatchObject({ tier: 'cpu_standard' });
  });

  it('is not larger than the tier allows', async () => {
    const most = { bytes: 512_000_000_000 };
    const tooMuch = { bytes: most.bytes + 1 };
    await expect(create('agents', { modelId, upload: tooMuch })).rejects.toMatchObject(TOO_LARGE);
    await create('agents', { modelId, upload: most });
    await expect(update('agents', { modelId, upload: tooMuch })).rejects.toMatchObject(TOO_LARGE);
    expect(await update('agents', { defaults: { topP: 1 } })).toMatchObject({ modelId });
  });

  it('is used by the endpoints that have it, not by deleted ones', async () => {
    const uses = (): Promise<unknown> =>
      auth.bus.call(operations.findModelUses, { projectId: project.id, modelId: model });
    const model = `model_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    expect(await uses()).toEqual({ slugs: [], own: 0, foreign: 0, bytesMax: null });
    for (const slug of ['b', 'a', 'c']) await create(slug, { modelId: model, upload });
    await remove('c');
    await create('theirs', { modelId: model, upload }, contextOf(await auth.seed()));
    expect(await uses()).toEqual({ slugs: ['a', 'b'], own: 2, foreign: 1, bytesMax: 512_000_000_000 });
  });
});

describe('setEndpointStatus', () => {
  it('pauses and resumes, and changes nothing the second time', async () => {
    expect(await setStatus('chat', 'paused')).toMatchObject({ status: 'paused' });
    expect(await setStatus('chat', 'paused')).toMatchObject({ status: 'paused' });
    expect((await auth.authorize(project.key, project.id, 'chat')).endpoints).toMatchObject([{ status: 'paused' }]);
    expect(await setStatus('chat', 'active')).toMatchObject({ status: 'active' });
    expect(await actions()).toEqual(['endpoint.paused', 'endpoint.resumed']);
  });
});

describe('deleteEndpoint', () => {
  it('makes it unusable, and removes it from lists', async () => {
    await create('agents');
    await remove('agents');
    await expect(get('agents')).rejects.toMatchObject(NOT_FOUND);
    await expect(remove('agents')).rejects.toMatchObject(NOT_FOUND);
    await expect(update('agents', { modelId: 'small' })).rejects.toMatchObject(NOT_FOUND);
    await expect(setStatus('agents', 'paused')).rejects.toMatchObject(NOT_FOUND);
    await expect(auth.authorize(project.key, project.id, 'agents')).rejects.toMatchObject(NOT_FOUND);
    expect(await slugs()).toEqual([['chat'], false]);
  });

  it('keeps its row for the ledger', async () => {
    const { id } = await remove('chat');
    const rows = await withEveryTenant(auth.database, (manager) =>
      manager.query<unknown[]>('SELECT 1 FROM auth.endpoint WHERE id = $1 AND deleted_at IS NOT NULL', [id]),
    );
    expect(rows).toHaveLength(1);
  });
});

describe('listEndpoints', () => {
  it('returns pages in both orders', async () => {
    for (const slug of ['a', 'b', 'c']) await create(slug);
    expect(await slugs({ limit: 2 })).toEqual([['chat', 'a'], true]);
    const { id } = await get('a');
    expect(await slugs({ limit: 2, after: id })).toEqual([['b', 'c'], false]);
    expect(await slugs({ limit: 2, after: id, order: 'desc' })).toEqual([['chat'], false]);
  });

  it('continues after an endpoint that was deleted meanwhile', async () => {
    for (const slug of ['a', 'b']) await create(slug);
    const { id } = await remove('a');
    expect(await slugs({ after: id })).toEqual([['b'], false]);
  });

  it('rejects an unknown cursor, and that of another project', async () => {
    const other = await auth.seed();
    const { id } = await get('chat', other);
    for (const after of [randomUUID(), id])
      await expect(slugs({ after })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });
});

describe('an endpoint of another project', () => {
  it('does not exist', async () => {
    await create('agents');
    const by = contextOf(await auth.seed());
    await expect(get('agents', await auth.seed())).rejects.toMatchObject(NOT_FOUND);
    await expect(update('agents', { modelId: 'small' }, by)).rejects.toMatchObject(NOT_FOUND);
    await expect(setStatus('agents', 'paused', by)).rejects.toMatchObject(NOT_FOUND);
    await expect(remove('agents', by)).rejects.toMatchObject(NOT_FOUND);
    expect(await get('agents')).toMatchObject({ status: 'active', modelId: 'tiny' });
  });
});

describe('listTiers', () => {
  it('returns all tiers with their limits and prices', async () => {
    const { tiers } = await auth.bus.call(operations.listTiers, {});
    expect(tiers).toContainEqual({
      slug: 'free',
      name: 'Free',
      limits: { requestsPerMinute: 20, tokensPerMinute: 10_000 },
      endpointsMax: 2,
      concurrencyMax: 5,
      burstRequests: 10,
      requestTimeoutSeconds: 30,
      idleTimeoutSeconds: 120,
      modelBytesMax: 48_000_000_000,
      storageBytesMax: 10_737_418_240,
      batchTokensMax: 2_000_000,
      price: {
        ...{ version: 1, validFrom: 0, batchDiscountPercent: 50 },
        ...{ inputMicros: 0, cachedInputMicros: 0, outputMicros: 0 },
      },
    });
    expect(tiers.find(({ slug }) => slug === 'gpu_nvidia_shared')?.price).toMatchObject({ outputMicros: 1_250_000 });
    expect(tiers.find(({ slug }) => slug === 'self_hosted')).toMatchObject({
      limits: { requestsPerMinute: null, tokensPerMinute: null },
      endpointsMax: null,
    });
  });
});
