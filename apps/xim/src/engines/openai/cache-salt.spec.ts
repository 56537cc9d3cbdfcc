import { json } from '../testing/fake-upstream.ts';
import { aJob, run } from '../testing/jobs.ts';
import { completion, openaiHarness } from '../testing/openai-harness.ts';
import { cacheSaltOf } from './cache-salt.ts';

const harness = openaiHarness();
const SECRET = 'a secret of the worker';

/** Sends one request of each project to a server whose models have this owner. Returns the bodies that it received. */
async function bodiesFor(
  owner: string | undefined,
  projects: string[],
  fields: Record<string, unknown> = {},
): Promise<object[]> {
  harness.upstream.models = (response) => json(response, { data: [{ id: 'named-model', owned_by: owner }] });
  harness.upstream.respond = (response) => json(response, completion({ role: 'assistant', content: 'Hello' }));
  const engine = harness.engine({ cacheSaltSecret: SECRET });
  await engine.check(new AbortController().signal);
  for (const cacheSalt of projects) await run(engine, aJob(fields, { cacheSalt }));
  return harness.upstream.requests.filter(({ path }) => path.endsWith('/completions')).map(({ body }) => body);
}

describe('the cache salt', () => {
  it.each(['vllm', 'sglang'])('is one per project for %s, and never the id of the project', async (owner) => {
    const [one, other, again] = await bodiesFor(owner, ['proj_1', 'proj_2', 'proj_1']);
    expect(one).toMatchObject({ cache_salt: expect.stringMatching(/^[\w-]{32}$/) });
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(JSON.stringify([one, other])).not.toContain('proj_');
  });

  it.each(['llamacpp', 'library', undefined])('is not sent to a server of %p', async (owner) => {
    const [body] = await bodiesFor(owner, ['proj_1'], { cache_salt: 'from a client' });
    expect(body).not.toHaveProperty('cache_salt');
  });

  it('cannot be chosen by a client', async () => {
    const [body] = await bodiesFor('vllm', ['proj_1'], { cache_salt: 'from a client' });
    expect(body).toMatchObject({ cache_salt: cacheSaltOf(SECRET, 'proj_1') });
  });

  it('depends on the secret', () => {
    expect(cacheSaltOf('one secret of a worker', 'proj_1')).not.toBe(cacheSaltOf(SECRET, 'proj_1'));
  });
});
