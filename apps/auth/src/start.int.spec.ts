import { eventually } from '@xerotier/testing';
import { runningAuth } from '../test/running-auth.ts';

const auth = runningAuth();

describe('the auth service', () => {
  it('is ready with its database and NATS', async () => {
    const { readiness } = auth.service;
    expect(Object.keys(readiness).sort()).toEqual(['database', 'nats']);
    for (const check of Object.values(readiness)) expect(await check()).toBe(true);
  });

  it('answers the questions under way before it ends, and takes no new ones', async () => {
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

    let isDrained = false;
    const drained = auth.service.drain(AbortSignal.timeout(10_000)).then(() => (isDrained = true));
    await eventually('new questions find nobody', () =>
      auth.authorize(project.key, project.id, 'chat').then(
        () => false,
        (error: { code?: string }) => error.code === 'bus.no_responders',
      ),
    );
    expect(isDrained).toBe(false);
    await blocking.commitTransaction();
    await blocking.release();
    await expect(asked).resolves.toBeDefined();
    await drained;
  });
});
