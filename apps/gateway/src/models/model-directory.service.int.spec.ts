import { routerContract } from '@xerotier/contracts/router';
import type { EndpointAccess } from '@xerotier/contracts/auth';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { mock } from 'node:test';
import { ModelDirectory } from './model-directory.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

function aModel(id: string, name = `org/${id}`): Model {
  return { id, name, ownedBy: 'org', contextTokens: 512, createdAt: 1 };
}

function endpointsOf(...modelIds: string[]): EndpointAccess[] {
  return modelIds.map((modelId, i) => ({
    id: `0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a1${i}`,
    slug: `endpoint-${i}`,
    modelId,
    tier: 'free',
    task: 'generate',
    status: 'active',
    limits: { requestsPerMinute: null, tokensPerMinute: null, concurrencyMax: null, burstRequests: null },
    createdAt: 1,
  }));
}

describe('ModelDirectory.endpointFor', () => {
  it('prefers an endpoint that is not paused', async () => {
    const { sut } = await newDirectory(aModel('a'));
    const [paused, active] = endpointsOf('a', 'a').map((endpoint, i): EndpointAccess => ({
      ...endpoint,
      status: i === 0 ? 'paused' : 'active',
    })) as [EndpointAccess, EndpointAccess];
    expect(await sut.endpointFor('a', [paused, active], ['generate'])).toBe(active);
    expect(await sut.endpointFor('a', [paused], ['generate'])).toBe(paused);
    expect(await sut.endpointFor(paused.slug, [paused, active], ['generate'])).toBe(paused);
  });

  const endpoints = endpointsOf('a', 'b', 'b');

  it.each([
    ['its slug', 'endpoint-2', 'endpoint-2'],
    ['the name of its model, the first of several', 'org/b', 'endpoint-1'],
    ['the id of its model', 'a', 'endpoint-0'],
  ])('finds an endpoint by %s', async (_, model, slug) => {
    const { sut } = await newDirectory(aModel('a'), aModel('b'));
    expect((await sut.endpointFor(model, endpoints, ['generate'])).slug).toBe(slug);
  });

  it('prefers a slug to the name of a model', async () => {
    const { sut } = await newDirectory(aModel('a', 'endpoint-1'), aModel('b'));
    expect((await sut.endpointFor('endpoint-1', endpoints, ['generate'])).slug).toBe('endpoint-1');
  });

  it('prefers an endpoint with a matching task, and falls back to another', async () => {
    const { sut } = await newDirectory(aModel('a'), aModel('b'));
    const mixed = endpoints.map((endpoint, i) => (i === 2 ? { ...endpoint, task: 'embed' as const } : endpoint));
    expect((await sut.endpointFor('org/b', mixed, ['score', 'embed'])).slug).toBe('endpoint-2');
    expect((await sut.endpointFor('org/b', mixed, ['generate'])).slug).toBe('endpoint-1');
    expect((await sut.endpointFor('org/b', mixed, ['score'])).slug).toBe('endpoint-1');
    expect((await sut.endpointFor('endpoint-1', mixed, ['embed'])).slug).toBe('endpoint-1');
  });

  it.each(['c', 'org/c', '', 'ENDPOINT-1'])('throws model.not_found for %p', async (model) => {
    const { sut } = await newDirectory(aModel('a'), aModel('c'));
    await expect(sut.endpointFor(model, endpoints, ['generate'])).rejects.toMatchObject({
      code: 'model.not_found',
      param: 'model',
    });
  });
});

interface Router {
  models: readonly Model[];
  readonly requested: string[][];
  stop(): Promise<void>;
}

async function newDirectory(...models: Model[]): Promise<{ sut: ModelDirectory; router: Router }> {
  const { bus } = await connectBus();
  const router: Router = { models, requested: [], stop: () => serving.stop() };
  const serving = bus.serve(routerContract, {
    acquire: () => Promise.reject(new AppError('internal')),
    acquireMany: () => Promise.reject(new AppError('internal')),
    listModels: () => Promise.reject(new AppError('internal')),
    getModels: ({ ids }) => {
      router.requested.push(ids);
      return { models: router.models.filter(({ id }) => ids.includes(id)) };
    },
  });
  await bus.flush();
  return { sut: new ModelDirectory((await connectBus()).bus), router };
}

/** Advances `performance.now()`. */
let passed = 0;
const now = performance.now.bind(performance);
beforeEach(() => void mock.method(performance, 'now', () => now() + passed));
afterEach(() => {
  mock.restoreAll();
  passed = 0;
});
async function pass(ms: number): Promise<void> {
  passed += ms;
  // The cache reads the clock at most once per millisecond.
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('ModelDirectory.get', () => {
  it('calls the router once for concurrent requests, and caches the response', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    const found = await Promise.all([sut.get('a'), sut.get('a'), sut.get('a')]);
    expect(found.map((model) => model?.name)).toEqual(['org/a', 'org/a', 'org/a']);
    await sut.get('a');
    expect(router.requested).toEqual([['a']]);
  });

  it('returns undefined for an unknown model', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect(await sut.get('b')).toBeUndefined();
  });

  it('returns a stale model while it is refreshed', async () => {
    const { sut, router } = await newDirectory(aModel('a', 'old'));
    await sut.get('a');
    router.models = [aModel('a', 'new')];
    await pass(31_000);
    expect((await sut.get('a'))?.name).toBe('old');
    await eventually('the model is refreshed', async () => (await sut.get('a'))?.name === 'new');
  });

  it('returns cached models of any age while the router is unavailable', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await sut.get('a');
    await router.stop();
    await pass(600_000);
    for (let i = 0; i < 3; i += 1) expect((await sut.get('a'))?.name).toBe('org/a');
  });

  it('returns undefined if the router is unavailable and nothing is cached', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await router.stop();
    expect(await sut.get('a')).toBeUndefined();
  });
});

describe('ModelDirectory.list', () => {
  it('returns each model once, in the order of the endpoints, and requests only uncached models', async () => {
    const { sut, router } = await newDirectory(aModel('a'), aModel('b'), aModel('c'));
    await sut.get('b');
    const models = await sut.list(endpointsOf('c', 'b', 'c', 'a'));
    expect(models.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(router.requested).toEqual([['b'], ['c', 'a']]);
  });

  it('omits unknown models', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect((await sut.list(endpointsOf('gone', 'a'))).map(({ id }) => id)).toEqual(['a']);
  });

  it('is empty for unknown models, and without endpoints', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect(await sut.list(endpointsOf('gone'))).toEqual([]);
    expect(await sut.list([])).toEqual([]);
  });

  it('returns cached models while the router is unavailable', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await sut.list(endpointsOf('a'));
    await router.stop();
    await pass(60_000);
    expect((await sut.list(endpointsOf('a'))).map(({ id }) => id)).toEqual(['a']);
  });

  it('throws router.unavailable if nothing is cached, instead of an empty list', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await router.stop();
    await expect(sut.list(endpointsOf('a'))).rejects.toMatchObject({ code: 'router.unavailable', status: 503 });
  });
});
