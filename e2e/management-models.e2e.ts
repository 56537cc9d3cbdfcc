/** Uploaded models through the public API: who sees, uses, shares and deletes them, and with which endpoints. */
import type { ModelFacts } from '@xerotier/contracts/router';
import { scriptedPlatform } from '@xerotier/dev';
import { createApiKey } from '@xerotier/public-api/api-keys';
import { listAuditEvents } from '@xerotier/public-api/audit-log';
import { createClient } from '@xerotier/public-api/client';
import type { Client } from '@xerotier/public-api/client';
import { createEndpoint, deleteEndpoint, getEndpoint, updateEndpoint } from '@xerotier/public-api/endpoints';
import {
  deleteCatalogueModel,
  deleteModelVersion,
  discoverModels,
  getCatalogueModel,
  listCatalogueModels,
  listModelVersions,
  promoteModelVersion,
  rollBackModel,
  shareModel,
  unshareModel,
  updateCatalogueModel,
} from '@xerotier/public-api/model-catalogue';
import { getModelPreflight } from '@xerotier/public-api/model-preflight';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { MailFolder } from './support/mail-folder.ts';
import { errorOf } from './support/site-visitor.ts';
import { asOwner } from './support/team-operations.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';
import { registerModel } from './support/uploaded-model.ts';
import type { Registration } from './support/uploaded-model.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 4 }));
const NOT_FOUND = { status: 404, code: 'model_not_found' };

/** Another project of the same platform. */
interface Project {
  readonly id: string;
  readonly client: Client;
}

let ours: Project;
let theirs: Project;
let name: string;
let modelId: string;

beforeAll(async () => {
  const { projectId, projectUrl, managementKey } = test.description;
  ours = { id: projectId, client: createClient({ baseUrl: projectUrl, apiKey: managementKey }) };
  theirs = await aProject();
});

beforeEach(async () => {
  name = `acme/m-${randomBytes(6).toString('hex')}`;
  modelId = (await register()).model.id;
});

async function aProject(): Promise<Project> {
  const { projectId: id, apiKey } = await addTenant(test.platform, 'scripted', { scopes: ['management'] });
  return { id, client: createClient({ baseUrl: `${test.description.baseUrl}/${id}/v1`, apiKey }) };
}

const register = (registration: Registration = {}, by = ours): ReturnType<typeof registerModel> =>
  registerModel(test.description.natsUrl, by.id, { name, ...registration });

const one = (): { params: { model_id: string } } => ({ params: { model_id: modelId } });
const version = (number: string): { params: { model_id: string; version: string } } => ({
  params: { model_id: modelId, version: number },
});
const aSlug = (): string => `e-${randomBytes(6).toString('hex')}`;

async function createWith(model: string, by = ours, slug = aSlug(), tier = 'self_hosted'): Promise<string> {
  await by.client.call(createEndpoint, { body: { slug, model, tier } });
  return slug;
}

describe('the preflight of an uploaded model', () => {
  const GIB = 2 ** 30;
  const facts = { format: 'gguf', architecture: 'llama', parameterCount: 8_030_261_248, quantization: 'F16' } as const;
  const shape: NonNullable<ModelFacts['shape']> = {
    ...{ architecture: 'llama', kind: 'decoder', heads: 32, hiddenSize: 4_096, feedForwardSize: 14_336 },
    ...{ vocabularySize: 128_256, contextTokens: 131_072, weightBytes: 16_060_522_496, weightSource: 'tensors' },
    caches: [{ kind: 'attention', layers: 32, kvHeads: 8, keySize: 128, valueSize: 128 }],
    warnings: [],
  };
  const gpu = { gpu_memory_bytes: String(80 * GIB) };

  async function clientWith(project: Project): Promise<Client> {
    const { key } = await project.client.call(createApiKey, { body: { name: 'files', scopes: ['inference'] } });
    return createClient({ baseUrl: `${test.description.baseUrl}/${project.id}/v1`, apiKey: key });
  }

  it('is computed from what the check of its files found, for its project and for those that it is shared with', async () => {
    modelId = (await register({ facts: { ...facts, shape } })).model.id;
    const [own, other] = [await clientWith(ours), await clientWith(theirs)];
    const preflight = await own.call(getModelPreflight, { ...one(), query: { ...gpu, concurrency: '4' } });
    expect(preflight).toMatchObject({
      ...{ model: modelId, weight_source: 'tensors', concurrency: 4, context_tokens: 131_072 },
      kv_cache: { bytes_per_token: 131_072 },
      gpus: [{ count: 1, fits: false, max_context_tokens: 131_072, max_concurrency: 3 }],
    });
    await expect(other.call(getModelPreflight, one())).rejects.toMatchObject(NOT_FOUND);
    await ours.client.call(shareModel, one());
    expect((await other.call(getModelPreflight, { ...one(), query: gpu })).gpus).toMatchObject([{ fits: true }]);
  });

  it('of a version that was checked before is that of its files', async () => {
    const client = await clientWith(ours);
    const preflight = await client.call(getModelPreflight, { ...one(), query: gpu });
    expect(preflight).toMatchObject({ kind: 'unknown', weight_source: 'files', required: { weight_bytes: 4_571_712 } });
    expect(preflight.gpus).toMatchObject([{ fits: true, max_context_tokens: null }]);
  });
});

describe('the catalogue', () => {
  it('has an uploaded model for its project, with what is known about it', async () => {
    const query = { source: 'project', limit: '100' } as const;
    const { data } = await ours.client.call(listCatalogueModels, { query });
    const model = data.find(({ id }) => id === modelId);
    expect(model).toEqual({
      ...{ id: modelId, object: 'model', owned_by: 'project', name, source: 'project', context_tokens: 8_192 },
      created: expect.any(Number) as number,
      ...{ role: 'private', shared: false, shared_at: null, format: 'gguf', bytes: 4_571_712, status: 'ready' },
      ...{ version: '1.0.0', architecture: 'llama', quantization: 'Q8_0', parameters: 4_295_424 },
      ...{ description: null, license: null, tags: [], workload_types: [] },
    });
    expect(await ours.client.call(getCatalogueModel, one())).toEqual(model);
  });

  it('has a model of the platform for everybody', async () => {
    const id = test.platform.modelId('scripted');
    const params = { model_id: id };
    for (const { client } of [ours, theirs])
      expect(await client.call(getCatalogueModel, { params })).toMatchObject({ id, source: 'platform', version: null });
  });

  it('does not have it for other projects, until it is shared', async () => {
    const visible = async (): Promise<boolean> => {
      const ids: string[] = [];
      for (let after: string | undefined; ;) {
        const query = { source: 'shared', limit: '100', ...(after !== undefined && { after }) } as const;
        const page = await theirs.client.call(listCatalogueModels, { query });
        ids.push(...page.data.map(({ id }) => id));
        if (!page.has_more) return ids.includes(modelId);
        after = page.last_id;
      }
    };
    expect(await visible()).toBe(false);
    await expect(theirs.client.call(getCatalogueModel, one())).rejects.toMatchObject(NOT_FOUND);
    expect(await ours.client.call(shareModel, one())).toMatchObject({ role: 'deployable', shared: true });
    expect(await visible()).toBe(true);
    expect(await theirs.client.call(getCatalogueModel, one())).toMatchObject({ id: modelId, source: 'shared' });
    await ours.client.call(unshareModel, one());
    expect(await visible()).toBe(false);
  });

  it('is searched for what projects share', async () => {
    const tag = randomBytes(6).toString('hex');
    const values = { description: 'Knows capitals.', license: 'mit', tags: [tag], workload_types: ['chat'] };
    await ours.client.call(updateCatalogueModel, { ...one(), body: values });
    const found = async (query: object): Promise<string[]> =>
      (await theirs.client.call(discoverModels, { query })).data.map(({ id }) => id);
    expect(await found({ tag })).toEqual([]);
    await ours.client.call(shareModel, one());
    expect(await found({ tag, architecture: 'llama', text: 'KNOWS cap' })).toEqual([modelId]);
    expect(await found({ tag, architecture: 'qwen2' })).toEqual([]);
  });

  it('rejects what its lists do not have', async () => {
    const rejected = (query: object): Promise<unknown> => ours.client.call(listCatalogueModels, { query });
    await expect(rejected({ source: 'mine' })).rejects.toMatchObject({ status: 400, param: 'source' });
    await expect(rejected({ after: 'a b' })).rejects.toMatchObject({ status: 400, param: 'after' });
    const after = { query: { after: modelId } };
    await expect(ours.client.call(discoverModels, after)).rejects.toMatchObject({ status: 400, param: 'after' });
    const versions = ours.client.call(listModelVersions, { ...one(), query: { after: '1.0.0' } });
    await expect(versions).rejects.toMatchObject({ status: 400, param: 'after' });
  });
});

describe('an endpoint', () => {
  it('is created with a model of its project, by name or id, and has its name', async () => {
    for (const model of [name, modelId]) {
      const slug = await createWith(model);
      expect(await ours.client.call(getEndpoint, { params: { slug } })).toMatchObject({ model: name });
    }
  });

  it.each(['name', 'id'])('is not created with the private model of another project, by %s', async (by) => {
    const model = by === 'name' ? name : modelId;
    // As for one that does not exist, but for its name.
    const { message } = (await createWith(`no-${model}`, theirs).catch((error: unknown) => error)) as Error;
    const rejection = { ...NOT_FOUND, param: 'model', message: message.replace(`no-${model}`, model) };
    await expect(createWith(model, theirs)).rejects.toMatchObject(rejection);
    const slug = await createWith(test.platform.modelId('scripted'), theirs);
    const changed = theirs.client.call(updateEndpoint, { params: { slug }, body: { model } });
    await expect(changed).rejects.toMatchObject(rejection);
  });

  it('serves an uploaded model on the tier for own workers only', async () => {
    const wrongTier = { status: 400, param: 'tier' };
    await expect(createWith(name, ours, aSlug(), 'gpu_nvidia_shared')).rejects.toMatchObject(wrongTier);
    await expect(createWith(name, ours, aSlug(), 'free')).rejects.toMatchObject(wrongTier);
    const slug = await createWith(name);
    const moved = ours.client.call(updateEndpoint, { params: { slug }, body: { tier: 'free' } });
    await expect(moved).rejects.toMatchObject(wrongTier);
    expect(await ours.client.call(getEndpoint, { params: { slug } })).toMatchObject({ tier: 'self_hosted' });
  });

  it('does not serve a model that is larger than the tier allows', async () => {
    await register({ bytes: 512_000_000_001 });
    await expect(createWith(name)).rejects.toMatchObject({ status: 400, param: 'model' });
    await ours.client.call(rollBackModel, one());
    await createWith(name);
  });

  it('keeps a shared model when it is shared no more, but no new one gets it', async () => {
    await ours.client.call(shareModel, one());
    const slug = await createWith(name, theirs);
    await ours.client.call(unshareModel, one());
    expect(await theirs.client.call(getEndpoint, { params: { slug } })).toMatchObject({ model: name });
    const body = { defaults: { temperature: 0.5 } };
    expect(await theirs.client.call(updateEndpoint, { params: { slug }, body })).toMatchObject(body);
    await expect(createWith(name, theirs)).rejects.toMatchObject({ ...NOT_FOUND, param: 'model' });
  });

  it('finds its own model by a name that others have shared models with', async () => {
    const { model } = await register({}, theirs);
    await theirs.client.call(shareModel, { params: { model_id: model.id } });
    const slug = await createWith(name);
    await ours.client.call(deleteEndpoint, { params: { slug } });
    const third = await aProject();
    await ours.client.call(shareModel, one());
    await expect(createWith(name, third)).rejects.toMatchObject({ status: 400, param: 'model' });
    await createWith(modelId, third);
  });
});

describe('versions', () => {
  it('are listed, promoted, rolled back and deleted', async () => {
    const second = (await register({ versionNotes: 'Better' })).version;
    await register({ version: '3.0.0', promote: false });
    const { data } = await ours.client.call(listModelVersions, one());
    expect(data.map((each) => [each.version, each.is_latest])).toEqual([
      ['3.0.0', false],
      ['1.0.1', true],
      ['1.0.0', false],
    ]);
    expect(data[1]).toEqual({
      ...{ id: second.id, object: 'model.version', version: '1.0.1', is_latest: true, created: second.createdAt },
      ...{ version_notes: 'Better', status: 'ready' },
    });
    expect(await ours.client.call(promoteModelVersion, version('3.0.0'))).toMatchObject({ is_latest: true });
    expect(await ours.client.call(getCatalogueModel, one())).toMatchObject({ version: '3.0.0' });
    expect(await ours.client.call(rollBackModel, { ...one(), body: { from: '3.0.0' } })).toMatchObject({
      version: '1.0.1',
    });
    const again = ours.client.call(rollBackModel, { ...one(), body: { from: '3.0.0' } });
    await expect(again).rejects.toMatchObject({ status: 409, code: 'rollback_rejected', param: 'from' });
    const latest = ours.client.call(deleteModelVersion, version('1.0.1'));
    await expect(latest).rejects.toMatchObject({ status: 409, code: 'version_in_use' });
    const deleted = await ours.client.call(deleteModelVersion, version('3.0.0'));
    expect(deleted).toMatchObject({ object: 'model.version.deleted', version: '3.0.0', deleted: true });
    const gone = ours.client.call(promoteModelVersion, version('3.0.0'));
    await expect(gone).rejects.toMatchObject({ status: 404, code: 'version_not_found' });
  });
});

describe('deleting a model', () => {
  it('is rejected with the endpoints that use it, those of others as a number', async () => {
    const inUse = { status: 409, code: 'model_in_use' };
    await ours.client.call(shareModel, one());
    await expect(ours.client.call(deleteCatalogueModel, one())).rejects.toMatchObject(inUse);
    const own = await createWith(name);
    const foreign = await createWith(name, theirs);
    await ours.client.call(unshareModel, one());
    const rejection = (await ours.client.call(deleteCatalogueModel, one()).catch((error: unknown) => error)) as Error;
    expect(rejection).toMatchObject(inUse);
    expect(rejection.message).toContain(`1 endpoint of the project (${own}) and 1 endpoint of other projects`);
    expect(rejection.message).not.toContain(foreign);
    await ours.client.call(deleteEndpoint, { params: { slug: own } });
    await expect(ours.client.call(deleteCatalogueModel, one())).rejects.toMatchObject(inUse);
    await theirs.client.call(deleteEndpoint, { params: { slug: foreign } });
    expect(await ours.client.call(deleteCatalogueModel, one())).toEqual({
      ...{ id: modelId, object: 'model.deleted', deleted: true },
    });
    await expect(ours.client.call(getCatalogueModel, one())).rejects.toMatchObject(NOT_FOUND);
    await expect(createWith(name)).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('another project', () => {
  it('changes no model, private or shared', async () => {
    const attempts = async (): Promise<void> => {
      const { client } = theirs;
      for (const attempt of [
        client.call(updateCatalogueModel, { ...one(), body: { license: 'mit' } }),
        client.call(deleteCatalogueModel, one()),
        client.call(shareModel, one()),
        client.call(unshareModel, one()),
        client.call(listModelVersions, one()),
        client.call(promoteModelVersion, version('1.0.0')),
        client.call(rollBackModel, one()),
        client.call(deleteModelVersion, version('1.0.0')),
      ])
        await expect(attempt).rejects.toMatchObject(NOT_FOUND);
    };
    await attempts();
    const shared = await ours.client.call(shareModel, one());
    await attempts();
    expect(await ours.client.call(getCatalogueModel, one())).toEqual(shared);
  });
});

describe('changes', () => {
  it('are in the audit log', async () => {
    await ours.client.call(shareModel, one());
    await ours.client.call(unshareModel, one());
    const query = { target_id: modelId, order: 'asc' } as const;
    const log = async (): Promise<object[]> => (await ours.client.call(listAuditEvents, { query })).data;
    await eventually('they are logged', async () => (await log()).length === 2);
    expect(await log()).toContainEqual(
      expect.objectContaining({
        action: 'model.shared',
        target: { type: 'model', id: modelId },
        before: expect.objectContaining({ role: 'private' }) as object,
        after: expect.objectContaining({ role: 'deployable' }) as object,
      }),
    );
  });

  it('are rejected in an archived project', async () => {
    const { baseUrl, mailDirectory, databaseUrl, natsUrl } = test.description;
    const { user, values } = await asOwner(baseUrl, new MailFolder(mailDirectory), databaseUrl, natsUrl);
    const { model } = await registerModel(natsUrl, values['own'] ?? '');
    const path = `/${values['own']}/v1/management`;
    expect((await user.send('POST', `${path}/project/archive`)).status).toBe(200);
    for (const [method, route] of [
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/share'],
      ['POST', '/rollback'],
      ['POST', '/versions/1.0.0/promote'],
      ['DELETE', '/versions/1.0.0'],
    ] as const) {
      const body = method === 'PATCH' ? { license: 'mit' } : undefined;
      const sent = user.send(method, `${path}/models/${model.id}${route}`, body);
      expect([route, await errorOf(sent)]).toEqual([route, [403, 'project_archived']]);
    }
    expect((await user.send('GET', `${path}/models/${model.id}`)).status).toBe(200);
  });

  it('need a key for management, and valid values', async () => {
    const { projectUrl, apiKey } = test.description;
    const inference = createClient({ baseUrl: projectUrl, apiKey });
    await expect(inference.call(shareModel, one())).rejects.toMatchObject({ code: 'scope_insufficient' });
    for (const [param, body] of Object.entries({
      ...{ description: { description: '' }, license: { license: 'x'.repeat(129) } },
      ...{ tags: { tags: Array<string>(17).fill('a') }, name: { name: 'other' } },
    })) {
      const changed = ours.client.call(updateCatalogueModel, { ...one(), body });
      await expect(changed).rejects.toMatchObject({ status: 400, param });
    }
  });
});
