import { eventually } from '@xerotier/testing';
import { runningAuth } from '../../test/running-auth.ts';

const auth = runningAuth();

describe('authorize during a database outage', () => {
  let running = true;
  // Also after a failed expectation: calls on a closed bus would reject without ever yielding to the event loop.
  afterEach(() => (running = false));

  it('fails with db.unavailable, and recovers when the database is back', async () => {
    const project = await auth.seed();
    const outcomes = new Set<string>();
    const authorizeRepeatedly = async (): Promise<void> => {
      while (running) {
        outcomes.add(
          await auth.authorize(project.key, project.id, 'chat').then(
            () => 'allowed',
            (error: { code?: string }) => error.code ?? 'another error',
          ),
        );
      }
    };
    const callers = [authorizeRepeatedly(), authorizeRepeatedly(), authorizeRepeatedly(), authorizeRepeatedly()];
    await eventually('requests are allowed', () => outcomes.has('allowed'));

    await auth.servers.postgres.kill('SIGKILL');
    await eventually('requests are rejected', () => outcomes.has('db.unavailable'));
    expect(await auth.service.readiness['database']?.()).toBe(false);

    await auth.servers.postgres.restart();
    await eventually('the database is reachable', () => auth.service.readiness['database']?.());
    expect([...outcomes].sort()).toEqual(['allowed', 'db.unavailable']);
    outcomes.clear();
    await eventually('requests are allowed again', () => outcomes.has('allowed'));
    running = false;
    await Promise.all(callers);
    expect(auth.logText()).not.toContain('bus handler failed');
  });

  it('does the same when the database is shut down gracefully', async () => {
    const project = await auth.seed();
    await auth.servers.postgres.stop();
    await expect(auth.authorize(project.key, project.id)).rejects.toMatchObject({ code: 'db.unavailable' });
    await auth.servers.postgres.restart();
    await expect(auth.authorize(project.key, project.id)).resolves.toBeDefined();
  });
});
