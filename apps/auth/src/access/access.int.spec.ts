import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { AppError } from '@xerotier/errors';
import { masterKey, pepper, runningAuth } from '../../test/running-auth.ts';
import type { SeededProject } from '../../test/running-auth.ts';

const auth = runningAuth();

/** Changes the one key of a project directly in the table. */
async function alterKey(project: SeededProject, assignment: string): Promise<void> {
  await auth.database.query(`UPDATE auth.api_key SET ${assignment} WHERE project_id = $1`, [project.id]);
}

/** Returns the error as transferred over the bus. */
async function rejection(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error: unknown = await call.then(
    () => new Error('Expected an error'),
    (reason: unknown) => reason,
  );
  return AppError.is(error) ? { ...error.toWire() } : { code: String(error) };
}

describe('authorize', () => {
  it('returns the endpoint, its tier and the limits of that tier', async () => {
    const project = await auth.seed();
    const access = await auth.authorize(project.key, project.id, 'chat');
    expect(access).toEqual({
      keyId: expect.stringMatching(/^key_/),
      scopes: ['inference'],
      project: { id: project.id, slug: project.slug },
      endpoints: [
        {
          id: expect.any(String),
          slug: 'chat',
          modelId: 'tiny',
          tier: 'free',
          task: 'generate',
          limits: { requestsPerMinute: 20, tokensPerMinute: 10_000, concurrencyMax: 5, burstRequests: 10 },
          timeouts: { requestTimeoutSeconds: 30, idleTimeoutSeconds: 120 },
          status: 'active',
          createdAt: expect.any(Number),
        },
      ],
    });
    expect(new Date((access.endpoints[0]?.createdAt ?? 0) * 1_000).getFullYear()).toBe(new Date().getFullYear());
  });

  it('returns all endpoints of the project when none is named', async () => {
    await auth.seed();
    const project = await auth.seed({
      endpoints: [
        { slug: 'chat', modelId: 'tiny', tier: 'free' },
        { slug: 'own', modelId: 'large', tier: 'self_hosted', task: 'score' },
      ],
    });
    const { endpoints } = await auth.authorize(project.key, project.id);
    expect(endpoints.map(({ slug }) => slug).sort()).toEqual(['chat', 'own']);
    expect(endpoints.find(({ slug }) => slug === 'own')?.task).toBe('score');
    expect(endpoints.find(({ slug }) => slug === 'own')?.limits).toEqual({
      requestsPerMinute: null,
      tokensPerMinute: null,
      concurrencyMax: null,
      burstRequests: null,
    });
  });

  it('returns a system prompt only for the endpoint alone', async () => {
    const project = await auth.seed();
    await auth.database.query(
      `SELECT set_config('app.every_project', 'on', false);
       UPDATE auth.endpoint SET defaults = '{"topP": 0.5, "systemPrompt": "Be brief."}' WHERE project_id = '${project.id}'`,
    );
    const [one] = (await auth.authorize(project.key, project.id, 'chat')).endpoints;
    expect(one).toMatchObject({ defaults: { topP: 0.5, systemPrompt: 'Be brief.' } });
    expect(one).not.toHaveProperty('isSystemPromptOmitted');
    const [listed] = (await auth.authorize(project.key, project.id)).endpoints;
    expect(listed).toMatchObject({ defaults: { topP: 0.5 }, isSystemPromptOmitted: true });
    expect(listed?.defaults).not.toHaveProperty('systemPrompt');
  });

  it('returns an empty list for a project without endpoints', async () => {
    const project = await auth.seed({ endpoints: [] });
    expect((await auth.authorize(project.key, project.id)).endpoints).toEqual([]);
  });

  it('finds the project of a key when none is named', async () => {
    const [mine, other] = [await auth.seed(), await auth.seed({ endpoints: [] })];
    expect(await auth.authorize(mine.key, undefined)).toEqual(await auth.authorize(mine.key, mine.id));
    expect(await auth.authorize(other.key, undefined)).toMatchObject({ project: { id: other.id }, endpoints: [] });
  });

  it('applies the same checks when no project is named', async () => {
    const project = await auth.seed({}, ['management']);
    expect(await rejection(auth.authorize(project.key, undefined))).toMatchObject({ code: 'auth.scope_insufficient' });
    const unknown = generateApiKey(project.slug);
    expect(await rejection(auth.authorize(unknown, undefined))).toMatchObject({ code: 'auth.invalid_key' });
  });

  it('uses changed limits of a tier', async () => {
    const project = await auth.seed({ endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'gpu_amd_shared' }] });
    await auth.database.query("UPDATE auth.tier SET requests_per_minute = 7 WHERE slug = 'gpu_amd_shared'");
    const { endpoints } = await auth.authorize(project.key, project.id, 'chat');
    expect(endpoints[0]?.limits.requestsPerMinute).toBe(7);
  });

  it('returns no timeouts of a tier without any, and those that it has', async () => {
    const project = await auth.seed({ endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'gpu_amd_dedicated' }] });
    const timeoutsOf = async (assignment: string): Promise<unknown> => {
      await auth.database.query(`UPDATE auth.tier SET ${assignment} WHERE slug = 'gpu_amd_dedicated'`);
      return (await auth.authorize(project.key, project.id, 'chat')).endpoints[0]?.timeouts;
    };
    const none = 'request_timeout_seconds = NULL, idle_timeout_seconds = NULL';
    expect(await timeoutsOf(none)).toBeUndefined();
    expect(await timeoutsOf('idle_timeout_seconds = 7')).toEqual({
      requestTimeoutSeconds: null,
      idleTimeoutSeconds: 7,
    });
  });

  it('rejects an unknown key', async () => {
    const project = await auth.seed();
    const made = generateApiKey(project.slug);
    expect(await rejection(auth.authorize(made, project.id, 'chat'))).toMatchObject({ code: 'auth.invalid_key' });
  });

  it('rejects a key once it is revoked', async () => {
    const project = await auth.seed();
    await expect(auth.authorize(project.key, project.id, 'chat')).resolves.toBeDefined();
    await alterKey(project, 'revoked_at = now()');
    expect(await rejection(auth.authorize(project.key, project.id, 'chat'))).toMatchObject({
      code: 'auth.invalid_key',
    });
  });

  it('rejects a key once it has expired', async () => {
    const project = await auth.seed();
    await alterKey(project, "expires_at = now() + interval '1 hour'");
    await expect(auth.authorize(project.key, project.id, 'chat')).resolves.toBeDefined();
    await alterKey(project, "expires_at = now() - interval '1 second'");
    expect(await rejection(auth.authorize(project.key, project.id, 'chat'))).toMatchObject({
      code: 'auth.invalid_key',
    });
  });

  it('returns the same error for another project as for an unknown one', async () => {
    const [mine, other] = [await auth.seed(), await auth.seed()];
    const foreign = await rejection(auth.authorize(mine.key, other.id, 'chat'));
    const unknown = await rejection(auth.authorize(mine.key, 'proj_NOSUCHONE1', 'chat'));
    expect(foreign).toEqual({
      code: 'project.not_found',
      message: `Project '${other.id}' was not found.`,
      details: { project: other.id },
    });
    expect(JSON.stringify(foreign).replaceAll(other.id, 'X')).toBe(
      JSON.stringify(unknown).replaceAll('proj_NOSUCHONE1', 'X'),
    );
  });

  it('reveals nothing about scopes or endpoints of another project', async () => {
    const [mine, other] = [await auth.seed(), await auth.seed()];
    expect(await rejection(auth.authorize(mine.key, other.id, 'nothing', 'management'))).toMatchObject({
      code: 'project.not_found',
    });
  });

  it('rejects a scope that the key does not have', async () => {
    const project = await auth.seed({}, ['management']);
    expect(await rejection(auth.authorize(project.key, project.id, 'chat'))).toMatchObject({
      code: 'auth.scope_insufficient',
      details: { scope: 'inference' },
    });
  });

  it('allows each scope of the key', async () => {
    const project = await auth.seed({}, ['management', 'inference']);
    await expect(auth.authorize(project.key, project.id, 'chat', 'inference')).resolves.toBeDefined();
    await expect(auth.authorize(project.key, project.id, 'chat', 'management')).resolves.toBeDefined();
  });

  it('rejects an endpoint of another project', async () => {
    await auth.seed({ endpoints: [{ slug: 'theirs', modelId: 'tiny', tier: 'free' }] });
    const project = await auth.seed();
    expect(await rejection(auth.authorize(project.key, project.id, 'theirs'))).toMatchObject({
      code: 'endpoint.not_found',
      details: { endpoint: 'theirs' },
    });
  });
});

describe('stored and logged data', () => {
  it('contains neither the key nor its hash in the table', async () => {
    const project = await auth.seed();
    const rows = await auth.database.query<unknown[]>(
      "SELECT api_key::text, encode(key_hash, 'hex') FROM auth.api_key WHERE project_id = $1",
      [project.id],
    );
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(project.key);
    expect(JSON.stringify(rows)).not.toContain(hashApiKey(project.key));
  });

  it('contains no key, key hash, pepper or master key in the log', async () => {
    const project = await auth.seed();
    await auth.authorize(project.key, project.id, 'chat');
    await rejection(auth.authorize(project.key, 'proj_NOSUCHONE1'));
    const text = auth.logText();
    expect(text).toContain('migrated');
    for (const secret of [
      project.key,
      hashApiKey(project.key),
      pepper,
      masterKey.toString('hex'),
      auth.servers.postgres.password,
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});
