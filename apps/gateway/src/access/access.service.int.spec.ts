import { jest } from '@jest/globals';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { accessChanged, authContract } from '@xerotier/contracts/auth';
import type { Access } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { Bus, Serving } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
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

/** The auth service as far as the gateway sees it. */
interface FakeAuth {
  readonly bus: Bus;
  readonly serving: Serving;
  readonly asked: { keyHash: string; endpointSlug?: string | undefined; scope: string }[];
  /** What it answers; what it throws it refuses. */
  authorize: () => Access | Promise<Access>;
}

async function newAccess(): Promise<{ sut: AccessService; auth: FakeAuth }> {
  const { bus } = await connectBus();
  const auth = { bus, asked: [], authorize: () => anAccess() } as unknown as {
    -readonly [K in keyof FakeAuth]: FakeAuth[K];
  };
  auth.serving = bus.serve(authContract, {
    authorize: (input) => {
      auth.asked.push(input);
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

/** Lets so much time pass, as far as anybody looks at the clock; timers go on as they were. */
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

async function revoke({ bus }: FakeAuth, change: { projectId: string; keyId?: string }): Promise<void> {
  bus.publish(accessChanged, change);
  await bus.flush();
}

describe('AccessService', () => {
  it('asks auth with the hash of the key, never the key', async () => {
    const { sut, auth } = await newAccess();
    expect(await sut.authorize(REQUEST)).toEqual(anAccess());
    expect(auth.asked).toEqual([
      {
        keyHash: hashApiKey(KEY),
        projectId: 'proj_1',
        endpointSlug: 'chat',
        scope: 'inference',
        clientAddress: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(auth.asked)).not.toContain(KEY);
  });

  it('remembers the answer, and gives it without a promise', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    expect(sut.authorize(REQUEST)).toEqual(anAccess());
    expect(auth.asked).toHaveLength(1);
  });

  it.each<[string, Partial<AccessRequest>]>([
    ['key', { key: generateApiKey('demo') }],
    ['project', { projectId: 'proj_2' }],
    ['endpoint', { endpointSlug: 'other' }],
    ['project-wide base', { endpointSlug: undefined }],
    ['scope', { scope: 'management' }],
  ])('remembers nothing for another %s', async (_, other) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await sut.authorize({ ...REQUEST, ...other });
    expect(auth.asked).toHaveLength(2);
  });

  it('asks once for all who want to know the same at the same time', async () => {
    const { sut, auth } = await newAccess();
    const responses = await Promise.all(Array.from({ length: 20 }, async () => sut.authorize(REQUEST)));
    expect(responses).toHaveLength(20);
    expect(auth.asked).toHaveLength(1);
  });

  it('answers at once and asks again in the background when its answer is not fresh', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await pass(9_000);
    void sut.authorize(REQUEST);
    await pass(2_000);
    auth.authorize = () => anAccess({ scopes: ['inference', 'management'] });
    expect(sut.authorize(REQUEST)).toEqual(anAccess());
    await eventually('the new answer is there', async () => (await sut.authorize(REQUEST)).scopes.length === 2);
    expect(auth.asked).toHaveLength(2);
  });

  it('forgets a key that auth refuses when it is asked again', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await pass(11_000);
    void sut.authorize(REQUEST);
    await eventually('it is refused', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'auth.invalid_key');
  });
});

describe('AccessService while auth is away', () => {
  it('goes on with what it remembers for 30 seconds, and not longer', async () => {
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

  it('says so to a key that it does not know, and asks again the next time', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('db.unavailable'));
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('auth.unavailable');
    auth.authorize = () => anAccess();
    expect(await sut.authorize(REQUEST)).toEqual(anAccess());
  });

  it('asks again once it is back, and serves for another while', async () => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('db.unavailable'));
    await pass(12_000);
    await sut.authorize(REQUEST);
    await eventually('it was asked', () => auth.asked.length === 2);
    auth.authorize = () => anAccess();
    await eventually('it was asked again', async () => {
      await sut.authorize(REQUEST);
      return auth.asked.length === 3;
    });
    await pass(20_000);
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('no error');
  });
});

describe('AccessService told of a change', () => {
  it.each([
    ['of the key', { projectId: 'proj_1', keyId: 'key_1' }],
    ['of the whole project', { projectId: 'proj_1' }],
  ])('%s forgets what it remembered, at once', async (_, change) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await revoke(auth, change);
    await eventually('it is refused', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'auth.invalid_key');
  });

  it.each([
    ['of another key', { projectId: 'proj_1', keyId: 'key_2' }],
    ['of another project', { projectId: 'proj_2', keyId: 'key_1' }],
  ])('%s keeps what it remembers', async (_, change) => {
    const { sut, auth } = await newAccess();
    await sut.authorize(REQUEST);
    await revoke(auth, change);
    await revoke(auth, change);
    await sut.authorize({ ...REQUEST, projectId: 'proj_3' });
    await sut.authorize(REQUEST);
    expect(auth.asked).toHaveLength(2);
  });

  it('while auth answers does not remember an answer that may be older than the change', async () => {
    const { sut, auth } = await newAccess();
    // Auth has read the key, the key is revoked, and only then the answer leaves.
    auth.authorize = async () => {
      await revoke(auth, { projectId: 'proj_1', keyId: 'key_1' });
      return anAccess();
    };
    await sut.authorize(REQUEST);
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('auth.invalid_key');
  });
});

describe('a refusal', () => {
  it.each(['auth.invalid_key', 'auth.scope_insufficient', 'project.not_found', 'endpoint.not_found'] as const)(
    '%s is passed on, and answered from memory for a moment',
    async (code) => {
      const { sut, auth } = await newAccess();
      auth.authorize = () =>
        Promise.reject(new AppError(code as 'internal', { scope: 's', project: 'p', endpoint: 'e' }));
      expect(await codeOf(() => sut.authorize(REQUEST))).toBe(code);
      expect(await codeOf(() => sut.authorize(REQUEST))).toBe(code);
      expect(auth.asked).toHaveLength(1);
    },
  );

  it('is forgotten after a second, so that a key that was just made works', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await codeOf(() => sut.authorize(REQUEST));
    auth.authorize = () => anAccess();
    await pass(1_100);
    expect(await codeOf(() => sut.authorize(REQUEST))).toBe('no error');
  });

  it('is forgotten when anything changes', async () => {
    const { sut, auth } = await newAccess();
    auth.authorize = () => Promise.reject(new AppError('auth.invalid_key'));
    await codeOf(() => sut.authorize(REQUEST));
    auth.authorize = () => anAccess();
    await revoke(auth, { projectId: 'proj_1', keyId: 'key_9' });
    await eventually('it is allowed', async () => (await codeOf(() => sut.authorize(REQUEST))) === 'no error');
  });
});
