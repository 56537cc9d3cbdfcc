import { authContract, keyAccessContract } from '@xerotier/contracts/auth';
import { testBuses } from '@xerotier/nats/testing';
import { createTestingHandlers } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { runningAuth } from '../../test/running-auth.ts';
import { AccessHandlers } from './access.handlers.ts';
import { AccessService } from './access.service.ts';

const auth = runningAuth();
let access: AccessService;
let handlers: TestingService;
const connectBus = testBuses(() => auth.servers.nats.url);
// Runs before the hook that closes the connections.
afterEach(() => handlers.stop());
const { log, lines } = capturedLog();

beforeAll(async () => {
  // Only the handlers of this file serve the contract.
  await auth.service.drain(AbortSignal.timeout(10_000));
  access = auth.service.nest.get(AccessService, { strict: false });
});

beforeEach(async () => {
  handlers = await createTestingHandlers({
    connection: (await connectBus()).connection,
    serves: [authContract, keyAccessContract],
    log,
    providers: [AccessHandlers, { provide: AccessService, useValue: access }],
  });
});

describe('AccessHandlers during a drain', () => {
  it('finish running requests, and accept no new ones', async () => {
    const project = await auth.seed();
    const blocking = auth.database.createQueryRunner();
    await blocking.startTransaction();
    await blocking.query('LOCK TABLE auth.api_key IN ACCESS EXCLUSIVE MODE');
    const authorize = (timeoutMs: number): Promise<unknown> =>
      auth.bus.call(
        { ...authContract.operations.authorize, timeoutMs },
        { keyHash: hashApiKey(project.key), scope: 'inference', clientAddress: '127.0.0.1' },
      );
    const requested = authorize(60_000);
    await eventually('the request waits in the database', async () => {
      const rows = await auth.database.query<unknown[]>(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'auth.api_key'::regclass",
      );
      return rows.length > 0;
    });

    let isStopped = false;
    const stopped = handlers.drain(AbortSignal.timeout(30_000)).then(() => (isStopped = true));
    // A request that is still accepted waits for the lock: its timeout is short.
    await eventually('new requests have no responder', () =>
      authorize(100).then(
        () => false,
        (error: { code?: string }) => error.code === 'bus.no_responders',
      ),
    );
    await delay(100);
    expect(isStopped).toBe(false);
    await blocking.commitTransaction();
    await blocking.release();
    await expect(requested).resolves.toBeDefined();
    await stopped;
  });

  it('finish at once when no request is running', async () => {
    const project = await auth.seed();
    await auth.authorize(project.key, project.id, 'chat');
    await expect(handlers.drain(AbortSignal.timeout(30_000))).resolves.toBeUndefined();
  });
});

describe('denied access', () => {
  const denied = (): unknown[] => lines().filter(({ msg }) => msg === 'access denied');

  it('is logged with the client address, without the key', async () => {
    const project = await auth.seed();
    await expect(auth.authorize(generateApiKey('other'), project.id, 'chat')).rejects.toMatchObject({
      code: 'auth.invalid_key',
    });
    expect(denied()).toEqual([
      expect.objectContaining({
        level: 'info',
        code: 'auth.invalid_key',
        projectId: project.id,
        endpoint: 'chat',
        clientAddress: '127.0.0.1',
      }),
    ]);
    expect(JSON.stringify(denied())).not.toContain('keyHash');
  });

  it('is not logged when access is granted', async () => {
    const before = denied().length;
    const project = await auth.seed();
    await auth.authorize(project.key, project.id, 'chat');
    expect(denied()).toHaveLength(before);
  });
});
