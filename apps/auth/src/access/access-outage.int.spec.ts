import { eventually } from '@xerotier/testing';
import { runningAuth } from '../../test/running-auth.ts';

const auth = runningAuth();

describe('authorize while the database is away', () => {
  it('fails with db.unavailable, and answers again by itself when the database is back', async () => {
    const project = await auth.seed();
    const outcomes = new Set<string>();
    let asking = true;
    const ask = async (): Promise<void> => {
      while (asking) {
        outcomes.add(
          await auth.authorize(project.key, project.id, 'chat').then(
            () => 'allowed',
            (error: { code?: string }) => error.code ?? 'another error',
          ),
        );
      }
    };
    const callers = [ask(), ask(), ask(), ask()];
    await eventually('requests are allowed', () => outcomes.has('allowed'));

    await auth.servers.postgres.kill('SIGKILL');
    await eventually('requests are refused', () => outcomes.has('db.unavailable'));
    expect(await auth.service.readiness['database']?.()).toBe(false);

    await auth.servers.postgres.restart();
    await eventually('the database answers', () => auth.service.readiness['database']?.());
    expect([...outcomes].sort()).toEqual(['allowed', 'db.unavailable']);
    outcomes.clear();
    await eventually('requests are allowed again', () => outcomes.has('allowed'));
    asking = false;
    await Promise.all(callers);
    expect(auth.logText()).not.toContain('bus handler failed');
  });

  it('does the same when the database is stopped in an orderly way', async () => {
    const project = await auth.seed();
    await auth.servers.postgres.stop();
    await expect(auth.authorize(project.key, project.id)).rejects.toMatchObject({ code: 'db.unavailable' });
    await auth.servers.postgres.restart();
    await expect(auth.authorize(project.key, project.id)).resolves.toBeDefined();
  });
});
