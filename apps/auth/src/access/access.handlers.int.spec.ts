import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { pepper, runningAuth } from '../../test/running-auth.ts';
import { ApiKeysRepository } from '../api-keys/api-keys.repository.ts';
import { KeyHasher } from '../api-keys/key-hasher.ts';
import { KeyUses } from '../api-keys/key-uses.ts';
import { AccessHandlers } from './access.handlers.ts';
import { AccessRepository } from './access.repository.ts';
import { AccessService } from './access.service.ts';

const auth = runningAuth();
let handlers: AccessHandlers;

beforeAll(async () => {
  // Only the handlers of this file answer.
  await auth.service.drain(AbortSignal.timeout(10_000));
  const { manager } = auth.database;
  const uses = new KeyUses(new ApiKeysRepository(manager), silentLog());
  handlers = new AccessHandlers(
    auth.bus,
    new AccessService(new AccessRepository(manager), new KeyHasher(pepper), uses),
  );
});

beforeEach(() => handlers.serve());

afterEach(() => handlers.stop());

describe('AccessHandlers.stop', () => {
  it('waits for the answers under way, and takes no new questions', async () => {
    const project = await auth.seed();
    const blocking = auth.database.createQueryRunner();
    await blocking.startTransaction();
    await blocking.query('LOCK TABLE auth.api_key IN ACCESS EXCLUSIVE MODE');
    const asked = auth.authorize(project.key, project.id, 'chat');
    await eventually('the question waits in the database', async () => {
      const rows = await auth.database.query<unknown[]>(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'auth.api_key'::regclass",
      );
      return rows.length > 0;
    });

    let isStopped = false;
    const stopped = handlers.stop().then(() => (isStopped = true));
    await eventually('new questions find nobody', () =>
      auth.authorize(project.key, project.id, 'chat').then(
        () => false,
        (error: { code?: string }) => error.code === 'bus.no_responders',
      ),
    );
    await delay(100);
    expect(isStopped).toBe(false);
    await blocking.commitTransaction();
    await blocking.release();
    await expect(asked).resolves.toBeDefined();
    await stopped;
  });

  it('waits for nothing when nothing is under way', async () => {
    const project = await auth.seed();
    await auth.authorize(project.key, project.id, 'chat');
    await expect(handlers.stop()).resolves.toBeUndefined();
  });
});
