/** Models that projects have uploaded, for the contract suite. Each has a project of its own. */
import type { Operation } from './contract-operations.ts';
import { withKey } from './file-operations.ts';
import { asOwner } from './team-operations.ts';
import type { Prepare } from './team-operations.ts';
import { registerModel } from './uploaded-model.ts';

const MODELS = '/v1/management/models';
const MODEL = `${MODELS}/{id}`;

/** A model with the versions 1.0.0 and 1.0.1, which is the latest, and a key to manage it. */
const withModel: Prepare = async (...platform) => {
  const { user, values } = await asOwner(...platform);
  const [, , , natsUrl] = platform;
  const project = values['own'] ?? '';
  const body = { name: 'models', scopes: ['management'] };
  const created = await user.send('POST', `/${project}/v1/management/api-keys`, body);
  const { key } = (await created.json()) as { key: string };
  await registerModel(natsUrl, project, { versionNotes: 'The first one' });
  const { model } = await registerModel(natsUrl, project);
  return { user, key, values: { ...values, id: model.id } };
};

/** An uploaded model, and a key for inference and files. */
const withFilesKey: Prepare = async (...platform) => {
  const { user, key, values } = await withKey(...platform);
  const [, , , natsUrl] = platform;
  const { model } = await registerModel(natsUrl, values['own'] ?? '');
  return { user, key, values: { ...values, id: model.id } };
};

const withSharedModel: Prepare = async (...platform) => {
  const prepared = await withModel(...platform);
  const { own, id } = prepared.values;
  const response = await prepared.user.send('POST', `/${own}/v1/management/models/${id}/share`);
  if (!response.ok) throw new Error(await response.text());
  return prepared;
};

const prepare = withModel;

const config = {
  ...{ model_type: 'llama', hidden_size: 4_096, intermediate_size: 14_336, num_hidden_layers: 32 },
  ...{ num_attention_heads: 32, num_key_value_heads: 8, vocab_size: 128_256, max_position_embeddings: 131_072 },
};
const gguf = { 'general.architecture': 'telepath' };
const PREFLIGHT = '/v1/models/preflight';

function preflights(base: string): Operation[] {
  const gpus = [{ memory_bytes: 24 * 2 ** 30 }, { memory_bytes: 80 * 2 ** 30, count: 3, utilization: 0.95 }];
  const wishes = { weight_bytes: 16_060_522_496, context_tokens: 8_192, concurrency: 2, kv_cache_type: 'fp8', gpus };
  const uploaded = `GET ${base}/v1/models/{id}/preflight`;
  return [
    { name: 'a preflight', route: `POST ${base}${PREFLIGHT}`, prepare: withFilesKey, body: { config } },
    {
      name: 'a preflight with GPUs',
      route: `POST ${base}${PREFLIGHT}`,
      prepare: withFilesKey,
      body: { config, ...wishes },
    },
    {
      name: 'a preflight of an unknown model',
      route: `POST ${base}${PREFLIGHT}`,
      prepare: withFilesKey,
      body: { gguf },
    },
    { name: 'a preflight of an uploaded model', route: uploaded, prepare: withFilesKey },
    {
      name: 'a preflight of an uploaded model with a GPU',
      route: `${uploaded}?context_tokens=4096&concurrency=2&kv_cache_type=fp8&gpu_memory_bytes=8589934592&gpu_count=2`,
      prepare: withFilesKey,
    },
  ];
}

/** @param base of a project, or of a key. */
function operationsAt(base: string): Operation[] {
  const models = `${base}${MODELS}`;
  const model = `${base}${MODEL}`;
  const everything = { description: 'Knows capitals.', license: 'mit', tags: ['chat'], workload_types: ['code'] };
  const filter = 'architecture=llama&tag=a&text=b';
  const operations: Operation[] = [
    { name: 'uploaded models', route: `GET ${models}?source=project&limit=1&order=desc`, prepare },
    { name: 'shared models', route: `GET ${models}/discover`, prepare: withSharedModel },
    { name: 'shared models by what they are', route: `GET ${models}/discover?${filter}`, prepare },
    { name: 'an uploaded model', route: `GET ${model}`, prepare },
    { name: 'a changed model', route: `PATCH ${model}`, prepare, body: everything },
    { name: 'a deleted model', route: `DELETE ${model}`, prepare },
    { name: 'a shared model', route: `POST ${model}/share`, prepare },
    { name: 'a model that is shared no more', route: `DELETE ${model}/share`, prepare: withSharedModel },
    { name: 'versions of a model', route: `GET ${model}/versions`, prepare },
    { name: 'a promoted version', route: `POST ${model}/versions/1.0.0/promote`, prepare },
    { name: 'a model that is rolled back', route: `POST ${model}/rollback`, prepare },
    {
      name: 'a model that is rolled back from a version',
      route: `POST ${model}/rollback`,
      prepare,
      body: { from: '1.0.1' },
    },
    { name: 'a deleted version', route: `DELETE ${model}/versions/1.0.0`, prepare },
    ...preflights(base),
  ];
  return operations.map((operation) => ({ ...operation, name: `${operation.name} at ${base}/v1` }));
}

export function modelOperations(): Operation[] {
  const catalogue = { route: `GET /{project}${MODELS}`, key: 'management' } as const;
  return [{ name: 'the catalogue', ...catalogue }, ...['/{own}', ''].flatMap(operationsAt)];
}

export const modelErrors: readonly Operation[] = [
  {
    ...{ name: 'a model that is deleted while it is shared', route: `DELETE ${MODEL}`, prepare: withSharedModel },
    ...{ status: 409, code: 'model_in_use' },
  },
  {
    ...{ name: 'the latest version that is deleted', route: `DELETE ${MODEL}/versions/1.0.1`, prepare },
    ...{ status: 409, code: 'version_in_use' },
  },
  {
    ...{ name: 'an unknown version', route: `POST ${MODEL}/versions/2.0.0/promote`, prepare },
    ...{ status: 404, code: 'version_not_found' },
  },
  {
    ...{ name: 'a rollback from a version that is not the latest', route: `POST ${MODEL}/rollback`, prepare },
    ...{ body: { from: '1.0.0' }, status: 409, code: 'rollback_rejected' },
  },
  {
    ...{ name: 'a preflight of a model with negative layers', route: `POST /{project}${PREFLIGHT}` },
    ...{ body: { config: { ...config, num_hidden_layers: -1 } }, status: 400, code: 'invalid_request' },
  },
  {
    ...{ name: 'a preflight of nothing', route: `POST /{project}${PREFLIGHT}`, body: {} },
    ...{ status: 400, code: 'invalid_request' },
  },
  {
    ...{ name: 'a preflight of a model that is not there', status: 404, code: 'model_not_found' },
    route: 'GET /{project}/v1/models/model_0123456789abcdef01234567/preflight',
  },
  {
    ...{
      name: 'a preflight with a GPU without memory',
      route: 'GET /{own}/v1/models/{id}/preflight?gpu_memory_bytes=0',
    },
    ...{ prepare: withFilesKey, status: 400, code: 'invalid_request' },
  },
  {
    ...{ name: 'a change of the name of a model', route: `PATCH ${MODEL}`, prepare, body: { name: 'other' } },
    ...{ status: 400, code: 'invalid_request' },
  },
];
