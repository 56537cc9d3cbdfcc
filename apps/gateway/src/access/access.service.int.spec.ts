import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { accessChanged, authContract } from '@xerotier/contracts/auth';
import type { Access, EndpointAccess } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { Bus, Serving } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { mock } from 'node:test';
import { AccessService } from './access.service.ts';
import type { AccessRequest } from './access.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const KEY = generateApiKey('demo');
const REQUEST: AccessRequest = {
  key: KEY,
  projectId: 'proj_1',
  endpointSlug: 'chat',
  scope: 'inference',
  clientAddress: '127.0.0.1',
};

function anAccess(overrides: Partial<Access> = {}): Access {
  return {
    keyId: 'key_1',
    scopes: ['inference'],
    project: { id: 'proj_1', slug: 'demo' },
    endpoints: [],
    ...overrides,
  };
}

/** A fake auth service. */
interface FakeAuth {
  readonly bus: Bus;
  readonly serving: Serving;
  readonly requests: { keyHash: string; endpointSlug?: string | undefined; scope: string }[];
  /** Returns the response, or throws a rejection. */
  authorize: () => Access | Promise<Access>;
}

async function newAccess(): Promise<{ sut: AccessService; auth: FakeAuth }> {
  const { bus } = await connectBus();
  const auth = { bus, requests: [], authorize: () => anAccess() } as unknown as {
    -readonly [K in keyof FakeAuth]: FakeAuth[K];
  };
  auth.serving = bus.serve(authContract, {
    authorize: (input) => {
      auth.requests.push(input);
      return auth.authorize();
    },
  });
  await bus.flush();
  const gateway = await connectBus();
  const sut = new AccessService(gateway.bus);
  await gateway.bus.flush();
  return { sut, auth };
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return AppError.from(error).code;
  }
}

/** Advances `performance.now()`; timers are not affected. */
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

async function revoke({ bus }: FakeAuth, change: { projectId: string; keyId?: string }): Promise<void> {
  bus.publish(accessChanged, change);
  await bus.flush();
}

describe('AccessService', () => {
  it('calls auth with the hash of the key, never the key', async () => {
    const { sut, auth } = await newAccess();
    expect(await sut.authorize(REQUEST)).toEqual(anAccess());
    expect(auth.requests).toEqual([
      {
        keyHash: hashApiKey(KEY),
        projectId: 'proj_1',
        endpointSlug: 'chat',
        scope: 'inference',
        clientAddress: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(auth.requests)).not.toContain(KEY);
  });

  it('caches the response, and returns it synchronously', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    expect(sut.authorize(REQUEST)).toEqual(anAccess());
    expect(auth.requests).toHaveLength(1);
  });

  it.each<[string, Partial<AccessRequest>]>([
    ['key', { key: generateApiKey('demo') }],
    ['project', { projectId: 'proj_2' }],
    ['endpoint', { endpointSlug: 'other' }],
    ['project-wide base', { endpointSlug: undefined }],
    ['scope', { scope: 'management' }],
  ])('does not use the cache for another %s', async (_, other) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await sut.authorize({ ...REQUEST, ...other });
    expect(auth.requests).toHaveLength(2);
  });

  it('is bounded by the size of what it caches, not only by its number', async () => {
    const { sut, auth } = await newAccess();
    const endpoint: EndpointAccess = {
      ...{ id: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10', slug: 'chat', modelId: 'tiny', tier: 'free' },
      ...({ task: 'generate', status: 'active' } as const),
      ...{ createdAt: 1, defaults: { systemPrompt: 'x'.repeat(32_768) } },
      limits: { requestsPerMinute: null, tokensPerMinute: null, concurrencyMax: null, burstRequests: null },
    };
    auth.authorize = () => anAccess({ endpoints: [endpoint] });
    // 64 MiB have room for about 1,000 of them.
    for (let at = 0; at < 1_100; at += 1) await sut.authorize({ ...REQUEST, endpointSlug: `chat-${at}` });
    const before = auth.requests.length;
    await sut.authorize({ ...REQUEST, endpointSlug: 'chat-1099' });
    expect(auth.requests).toHaveLength(before);
    await sut.authorize({ ...REQUEST, endpointSlug: 'chat-0' });
    expect(auth.requests).toHaveLength(before + 1);
  });

  it('calls auth once for concurrent identical requests', async () => {
    const { sut, auth } = await newAccess();
    const responses = await Promise.all(Array.from({ length: 20 }, async () => sut.authorize(REQUEST)));
    expect(responses).toHaveLength(20);
    expect(auth.requests).toHaveLength(1);
  });

  it('returns a stale response immediately and refreshes it in the background', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await pass(9_000);
    void sut.authorize(REQUEST);
    await pass(2_000);
    auth.authorize = () => anAccess({ scopes: ['inference', 'management'] });
    expect(sut.authorize(REQUEST)).toEqual(anAccess());
    await eventually('the response is refreshed', async () => (await sut.authorize(REQUEST)).scopes.length === 2);
    expect(auth.requests).toHaveLength(2);
  });

  it('removes a key from the cache if auth rejects it on a refresh', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await pass(11_000);
    void sut.authorize(REQUEST);
    await eventually('it is rejected', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'auth.invalid_key');
  });
});

describe('AccessService while auth is unavailable', () => {
  it('serves cached responses for 30 seconds', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await auth.serving.stop();
    for (const seconds of [12, 10, 7]) {
      await pass(seconds * 1_000);
      expect(await sut.authorize(REQUEST)).toEqual(anAccess());
    }
    await pass(2_000);
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('auth.unavailable');
  });

  it('fails with auth.unavailable for an unknown key, and does not cache the failure', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('db.unavailable'));
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('auth.unavailable');
    auth.authorize = () => anAccess();
    expect(await sut.authorize(REQUEST)).toEqual(anAccess());
  });

  it('refreshes the cache once auth is available again', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('db.unavailable'));
    await pass(12_000);
    await sut.authorize(REQUEST);
    await eventually('auth was called', () => auth.requests.length === 2);
    auth.authorize = () => anAccess();
    await eventually('auth was called again', async () => {
      await sut.authorize(REQUEST);
      return auth.requests.length === 3;
    });
    await pass(20_000);
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('no error');
  });
});

describe('AccessService after an accessChanged event', () => {
  it.each([
    ['of the key', { projectId: 'proj_1', keyId: 'key_1' }],
    ['of the whole project', { projectId: 'proj_1' }],
  ])('%s drops cached responses immediately', async (_, change) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await revoke(auth, change);
    await eventually('it is rejected', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'auth.invalid_key');
  });

  it.each([
    ['of another key', { projectId: 'proj_1', keyId: 'key_2' }],
    ['of another project', { projectId: 'proj_2', keyId: 'key_1' }],
  ])('%s keeps cached responses', async (_, change) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await revoke(auth, change);
    await revoke(auth, change);
    await sut.authorize({ ...REQUEST, projectId: 'proj_3' });
    await sut.authorize(REQUEST);
    expect(auth.requests).toHaveLength(2);
  });

  it('does not cache a response that may be older than the change', async () => {
    const { sut, auth } = await newAccess();
    // Auth has read the key, the key is revoked, and only then auth responds.
    auth.authorize = async () => {
      await revoke(auth, { projectId: 'proj_1', keyId: 'key_1' });
      return anAccess();
    };
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('auth.invalid_key');
  });
});

describe('a rejection by auth', () => {
  it.each(['auth.invalid_key', 'auth.scope_insufficient', 'project.not_found', 'endpoint.not_found'] as const)(
    '%s is rethrown, and cached briefly',
    async (code) => {
      const { sut, auth } = await newAccess();
      auth.authorize = () =>
        Promise.reject(new AppError(code as 'internal', { scope: 's', project: 'p', endpoint: 'e' }));
      expect(await codeOf(() => sut.authorize(REQUEST))).toBe(code);
      expect(await codeOf(() => sut.authorize(REQUEST))).toBe(code);
      expect(auth.requests).toHaveLength(1);
    },
  );

  it('expires after a second, so that a new key works', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await codeOf(() => sut.authorize(REQUEST));
    auth.authorize = () => anAccess();
    await pass(1_100);
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('no error');
  });

  it('is dropped from the cache on any change', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await codeOf(() => sut.authorize(REQUEST));
    auth.authorize = () => anAccess();
    await revoke(auth, { projectId: 'proj_1', keyId: 'key_9' });
    await eventually('it is allowed', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'no error');
  });
});
