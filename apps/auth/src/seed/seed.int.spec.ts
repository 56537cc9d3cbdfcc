import { generateApiKey } from '@xerotier/api-keys';
import { apiKeysContract } from '@xerotier/contracts/auth';
import { randomBytes } from 'node:crypto';
import { runningAuth } from '../../test/running-auth.ts';
import { operatorContext } from '../changes/operator-context.ts';

const auth = runningAuth();

/** All rows that a seed writes, without generated columns. */
function everything(): Promise<unknown> {
  return auth.database.query(
    `SELECT
       (SELECT json_agg(team ORDER BY id) FROM auth.team) AS teams,
       (SELECT json_agg(project ORDER BY id) FROM auth.project) AS projects,
       (SELECT json_agg(endpoint ORDER BY id) FROM auth.endpoint) AS endpoints,
       (SELECT json_agg(json_build_array(id, project_id, name, scopes, key_hash::text, revoked_at) ORDER BY id) FROM auth.api_key) AS keys`,
  );
}

function announcements(projectId: string): number {
  return auth.announced.filter((change) => change.projectId === projectId).length;
}

describe('SeedService.apply', () => {
  it('creates a project with a valid key, and announces it', async () => {
    const project = await auth.seed();
    await expect(auth.authorize(project.key, project.id, 'chat')).resolves.toBeDefined();
    expect(announcements(project.id)).toBe(1);
  });

  it('is idempotent, and announces nothing the second time', async () => {
    const project = await auth.seed();
    const before = await everything();
    expect((await auth.seed(project.document)).id).toBe(project.id);
    expect(await everything()).toEqual(before);
    expect(announcements(project.id)).toBe(1);
  });

  it('creates one project when seeds run concurrently', async () => {
    const slug = `twice-${randomBytes(4).toString('hex')}`;
    const document = {
      project: { name: 'Twice', slug },
      keys: [{ name: 'k', scopes: ['inference' as const], value: generateApiKey(slug) }],
    };
    // Open connections, so that the seeds run concurrently.
    await Promise.all(Array.from({ length: 8 }, () => auth.database.query('SELECT pg_sleep(0.1)')));
    const seeded = await Promise.all(Array.from({ length: 8 }, () => auth.seed(document)));
    expect(new Set(seeded.map((project) => project.id)).size).toBe(1);
  });

  it('uses the given id', async () => {
    const id = `proj_${randomBytes(5).toString('hex').toUpperCase()}`;
    const project = await auth.seed({ project: { id, name: 'Mine', slug: 'mine' } });
    expect(project.id).toBe(id);
    expect((await auth.seed(project.document)).id).toBe(id);
  });

  it('updates names, scopes, and the model, tier and task of an endpoint', async () => {
    const { document, key, id } = await auth.seed();
    await auth.seed({
      ...document,
      project: { ...document.project, name: 'Another name' },
      endpoints: [{ slug: 'chat', modelId: 'large', tier: 'self_hosted', task: 'embed' }],
      keys: [{ name: 'renamed', scopes: ['inference', 'management'], value: key }],
    });
    const access = await auth.authorize(key, id, 'chat', 'management');
    expect(access.endpoints[0]).toMatchObject({ modelId: 'large', tier: 'self_hosted', task: 'embed' });
    expect(announcements(id)).toBe(2);
  });

  it('does not change what the document does not contain', async () => {
    const { document, key, id } = await auth.seed();
    await auth.seed({ ...document, endpoints: [], keys: [] });
    await expect(auth.authorize(key, id, 'chat')).resolves.toBeDefined();
  });
});

describe('SeedService.apply rejects the document and changes nothing when', () => {
  let before: unknown;

  beforeEach(async () => {
    await auth.seed();
    before = await everything();
  });

  afterEach(async () => {
    expect(await everything()).toEqual(before);
  });

  it('a tier does not exist, and lists the tiers', async () => {
    const seeding = auth.seed({ endpoints: [{ slug: 'chat', modelId: 'tiny', tier: 'gold' }] });
    await expect(seeding).rejects.toThrow(/'gold'.*free/);
  });

  it('a key was generated for another slug, without printing the key', async () => {
    const value = generateApiKey('another');
    const seeding = auth.seed({ keys: [{ name: 'wrong', scopes: ['inference'], value }] });
    await expect(seeding).rejects.toThrow(/'wrong'.*another project slug/);
    await expect(seeding).rejects.not.toThrow(value);
  });
});

describe('SeedService.apply rejects the document when', () => {
  it('a key belongs to another project', async () => {
    const { document, key, slug } = await auth.seed();
    const seeding = auth.seed({
      ...document,
      team: { name: `Another team ${slug}` },
      keys: [{ name: 'theirs', scopes: ['inference'], value: key }],
    });
    await expect(seeding).rejects.toThrow('belongs to another project');
  });

  it('a key was revoked', async () => {
    const { document, key, id } = await auth.seed();
    await auth.database.query('UPDATE auth.api_key SET revoked_at = now() WHERE project_id = $1', [id]);
    await expect(auth.seed(document)).rejects.toThrow('was revoked');
    await expect(auth.authorize(key, id)).rejects.toMatchObject({ code: 'auth.invalid_key' });
  });

  it('a key was rotated', async () => {
    const { document, id } = await auth.seed();
    await auth.database.query(
      `UPDATE auth.api_key SET previous_key_hash = key_hash, previous_valid_until = now(), key_hash = sha256('new') WHERE project_id = $1`,
      [id],
    );
    await expect(auth.seed(document)).rejects.toThrow('was rotated');
  });

  it.each([
    ['without a grace period', [0]],
    ['twice', [24, 24]],
    ['twice without a grace period', [0, 0]],
  ])('a key was rotated %s', async (_, graces) => {
    const { document, key, id } = await auth.seed();
    const [{ keyId }] = await auth.database.query<[{ keyId: string }]>(
      'SELECT id AS "keyId" FROM auth.api_key WHERE project_id = $1',
      [id],
    );
    for (const graceSeconds of graces) {
      const context = operatorContext(id);
      await auth.bus.call(apiKeysContract.operations.rotateApiKey, { context, keyId, graceSeconds });
    }
    await expect(auth.seed(document)).rejects.toThrow('was rotated');
    if (graces.at(-1) === 0) await expect(auth.authorize(key, id)).rejects.toMatchObject({ code: 'auth.invalid_key' });
  });

  it('a key has expired', async () => {
    const { document, id } = await auth.seed();
    await auth.database.query('UPDATE auth.api_key SET expires_at = now() WHERE project_id = $1', [id]);
    await expect(auth.seed(document)).rejects.toThrow('has expired');
  });

  it('several keys have ended, and names each of them', async () => {
    const { document, id, slug } = await auth.seed();
    const keys = ['one', 'two', 'three'].map((name) => ({
      ...{ name, scopes: ['inference' as const], value: generateApiKey(slug) },
    }));
    await auth.seed({ ...document, keys });
    await auth.database.query(
      `UPDATE auth.api_key SET revoked_at = now() WHERE project_id = $1 AND name IN ('one', 'three')`,
      [id],
    );
    const before = await everything();
    await expect(auth.seed({ ...document, keys })).rejects.toMatchObject({ endedKeys: ['one', 'three'] });
    expect(await everything()).toEqual(before);
    const fresh = keys.map((key) => (key.name === 'two' ? key : { ...key, value: generateApiKey(slug) }));
    await expect(auth.seed({ ...document, keys: fresh })).resolves.toMatchObject({ id });
  });

  it('the project with that id has another slug', async () => {
    const { document, id } = await auth.seed();
    const seeding = auth.seed({ ...document, project: { id, name: 'x', slug: 'other' }, keys: [] });
    await expect(seeding).rejects.toThrow(/cannot be changed to 'other'/);
  });

  it('the project with that slug has another id', async () => {
    const { document } = await auth.seed();
    const seeding = auth.seed({ ...document, project: { ...document.project, id: 'proj_OTHER00001' } });
    await expect(seeding).rejects.toThrow(/cannot be changed to proj_OTHER00001/);
  });
});
