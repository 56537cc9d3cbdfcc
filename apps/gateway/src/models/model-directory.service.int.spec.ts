import { jest } from '@jest/globals';
import { routerContract } from '@xerotier/contracts/router';
import type { EndpointAccess } from '@xerotier/contracts/auth';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { ModelDirectory } from './model-directory.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

function aModel(id: string, name = `org/${id}`): Model {
  return { id, name, ownedBy: 'org', contextTokens: 512, createdAt: 1 };
}

function endpointsOf(...modelIds: string[]): EndpointAccess[] {
  return modelIds.map((modelId, at) => ({
    id: `0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a1${at}`,
    slug: `endpoint-${at}`,
    modelId,
    tier: 'free',
    task: 'generate',
    limits: { requestsPerMinute: null, tokensPerMinute: null },
    createdAt: 1,
  }));
}

describe('the endpoint of a request without one', () => {
  const endpoints = endpointsOf('a', 'b', 'b');

  it.each([
    ['its slug', 'endpoint-2', 'endpoint-2'],
    ['the name of its model, the first of several', 'org/b', 'endpoint-1'],
    ['the id of its model', 'a', 'endpoint-0'],
  ])('is found by %s', async (_, model, slug) => {
    const { sut } = await newDirectory(aModel('a'), aModel('b'));
    expect((await sut.endpointFor(model, endpoints, ['generate'])).slug).toBe(slug);
  });

  it('is its slug before it is a model of that name', async () => {
    const { sut } = await newDirectory(aModel('a', 'endpoint-1'), aModel('b'));
    expect((await sut.endpointFor('endpoint-1', endpoints, ['generate'])).slug).toBe('endpoint-1');
  });

  it('is by its name the one with the right task, and if there is none, another that then says so', async () => {
    const { sut } = await newDirectory(aModel('a'), aModel('b'));
    const mixed = endpoints.map((endpoint, at) => (at === 2 ? { ...endpoint, task: 'embed' as const } : endpoint));
    expect((await sut.endpointFor('org/b', mixed, ['score', 'embed'])).slug).toBe('endpoint-2');
    expect((await sut.endpointFor('org/b', mixed, ['generate'])).slug).toBe('endpoint-1');
    expect((await sut.endpointFor('org/b', mixed, ['score'])).slug).toBe('endpoint-1');
    expect((await sut.endpointFor('endpoint-1', mixed, ['embed'])).slug).toBe('endpoint-1');
  });

  it.each(['c', 'org/c', '', 'ENDPOINT-1'])('is not found by %p, and the parameter is named', async (model) => {
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
    getModels: ({ ids }) => {
      router.requested.push(ids);
      return { models: router.models.filter(({ id }) => ids.includes(id)) };
    },
  });
  await bus.flush();
  return { sut: new ModelDirectory((await connectBus()).bus), router };
}

/** Lets so much time pass, as far as anybody looks at the clock. */
let passed = 0;
const now = performance.now.bind(performance);
beforeEach(() => void jest.spyOn(performance, 'now').mockImplementation(() => now() + passed));
afterEach(() => {
  jest.restoreAllMocks();
  passed = 0;
});
async function pass(ms: number): Promise<void> {
  passed += ms;
  // The cache looks at the clock once a millisecond at most.
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('ModelDirectory.get', () => {
  it('asks the router once, for all who want to know at the same time and for a while after', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    const found = await Promise.all([sut.get('a'), sut.get('a'), sut.get('a')]);
    expect(found.map((model) => model?.name)).toEqual(['org/a', 'org/a', 'org/a']);
    await sut.get('a');
    expect(router.requested).toEqual([['a']]);
  });

  it('finds nothing that the catalogue does not have', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect(await sut.get('b')).toBeUndefined();
  });

  it('answers with what it knows while it asks again', async () => {
    const { sut, router } = await newDirectory(aModel('a', 'old'));
    await sut.get('a');
    router.models = [aModel('a', 'new')];
    await pass(31_000);
    expect((await sut.get('a'))?.name).toBe('old');
    await eventually('the new name is there', async () => (await sut.get('a'))?.name === 'new');
  });

  it('goes on with what it knows while no router answers, however old', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await sut.get('a');
    await router.stop();
    await pass(600_000);
    for (let i = 0; i < 3; i += 1) expect((await sut.get('a'))?.name).toBe('org/a');
  });

  it('finds nothing while no router answers and nothing is known', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await router.stop();
    expect(await sut.get('a')).toBeUndefined();
  });
});

describe('ModelDirectory.list', () => {
  it('lists the models of endpoints in their order, each once, and asks for what it does not know only', async () => {
    const { sut, router } = await newDirectory(aModel('a'), aModel('b'), aModel('c'));
    await sut.get('b');
    const models = await sut.list(endpointsOf('c', 'b', 'c', 'a'));
    expect(models.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(router.requested).toEqual([['b'], ['c', 'a']]);
  });

  it('leaves out what the catalogue does not know', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect((await sut.list(endpointsOf('gone', 'a'))).map(({ id }) => id)).toEqual(['a']);
  });

  it('is empty when the catalogue knows none of them, and for no endpoints', async () => {
    const { sut } = await newDirectory(aModel('a'));
    expect(await sut.list(endpointsOf('gone'))).toEqual([]);
    expect(await sut.list([])).toEqual([]);
  });

  it('goes on with what it knows while no router answers', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await sut.list(endpointsOf('a'));
    await router.stop();
    await pass(60_000);
    expect((await sut.list(endpointsOf('a'))).map(({ id }) => id)).toEqual(['a']);
  });

  it('fails when no router answers and nothing is known: that is no empty list', async () => {
    const { sut, router } = await newDirectory(aModel('a'));
    await router.stop();
    await expect(sut.list(endpointsOf('a'))).rejects.toMatchObject({ code: 'router.unavailable', status: 503 });
  });
});
