/** Batches, for the contract suite. */
import { eventually } from '@xerotier/testing';
import type { Operation } from './contract-operations.ts';
import { fileForm, withKey } from './file-operations.ts';
import type { Prepare, Prepared } from './team-operations.ts';

const BATCHES = '/{project}/v1/batches';
const newBatch = {
  input_file_id: 'file-0123456789abcdef01234567',
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
};
const setup = { route: `POST ${BATCHES}`, body: newBatch };

/** A batch of one line, whose model has no worker. */
async function withBatch(
  platform: Parameters<Prepare>,
  parameters: object = {},
): Promise<Prepared & { readonly key: string; readonly id: string }> {
  const { user, key, send, values } = await withKey(...platform);
  const endpoint = { slug: 'idle', model: 'idle', tier: 'self_hosted' };
  await user.send('POST', `/${values['own']}/v1/management/endpoints`, endpoint);
  const body = { model: 'idle', messages: [{ role: 'user', content: 'Hello' }], ...parameters };
  const line = { custom_id: 'a', method: 'POST', url: newBatch.endpoint, body };
  const file = await send('/files', fileForm({}, `${JSON.stringify(line)}\n`));
  const id = await send('/batches', { ...newBatch, input_file_id: file });
  return { user, key, id, values: { ...values, id } };
}

/** A batch that runs until it is cancelled. */
const withWaitingBatch: Prepare = (...platform) => withBatch(platform);

/** A batch whose only line has failed. */
const withFailedLine: Prepare = async (...platform) => {
  const prepared = await withBatch(platform, { temperature: 99 });
  const [url, { key, id, values }] = [platform[0], prepared];
  await eventually('the batch ends', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(`${url}/${values['own']}/v1/batches/${id}`, { headers });
    return ((await response.json()) as { status: string }).status === 'completed';
  });
  return prepared;
};

export function batchOperations(): Operation[] {
  return [
    { name: 'a batch', ...setup, schema: 'Batch' },
    {
      name: 'a batch with options',
      route: `POST ${BATCHES}`,
      body: {
        ...{ ...newBatch, endpoint: '/v1/rerank', completion_window: '1h', metadata: { a: 'b' } },
        output_expires_after: { anchor: 'created_at', seconds: 3_600 },
      },
      schema: 'Batch',
    },
    { name: 'a dry run of a batch', route: `POST ${BATCHES}`, body: { ...newBatch, x_dry_run: true }, schema: 'Batch' },
    { name: 'dry runs of batches', route: `GET ${BATCHES}?x_dry_run=true`, schema: 'ListBatchesResponse' },
    { name: 'batches', route: `GET ${BATCHES}`, setup, schema: 'ListBatchesResponse' },
    { name: 'a page of batches', route: `GET ${BATCHES}?limit=1&order=asc`, setup, schema: 'ListBatchesResponse' },
    { name: 'a batch by its id', route: `GET ${BATCHES}/{id}`, setup, schema: 'Batch' },
    ...['/{own}', ''].flatMap((base) =>
      ['cancel', 'pause', 'resume'].map((action) => ({
        name: `${action} of a batch at ${base}/v1`,
        route: `POST ${base}/v1/batches/{id}/${action}`,
        prepare: withWaitingBatch,
        schema: 'Batch' as const,
      })),
    ),
    {
      name: 'the output of a batch',
      route: `GET ${BATCHES}/{id}/output?after=1&limit=10`,
      setup,
      mediaType: 'application/jsonl',
    },
    ...['/{own}', ''].map((base) => ({
      name: `the followed errors of a batch at ${base}/v1`,
      route: `GET ${base}/v1/batches/{id}/output?kind=error&follow=true`,
      prepare: withFailedLine,
      mediaType: 'application/jsonl',
    })),
    ...['/{own}', ''].map((base) => ({
      name: `retry of a batch at ${base}/v1`,
      route: `POST ${base}/v1/batches/{id}/retry`,
      prepare: withFailedLine,
      schema: 'Batch' as const,
    })),
  ];
}

export const batchErrors: readonly Operation[] = [
  {
    name: 'a batch of an endpoint that is not supported',
    route: `POST ${BATCHES}`,
    body: { ...newBatch, endpoint: '/v1/audio/speech' },
    status: 400,
    code: 'invalid_request',
  },
  { name: 'an unknown batch', route: `GET ${BATCHES}/batch_none`, status: 404, code: 'batch_not_found' },
  {
    name: 'the output of an unknown batch',
    route: `GET ${BATCHES}/batch_none/output`,
    status: 404,
    code: 'batch_not_found',
  },
  {
    name: 'the output of a batch behind its maximum of lines',
    route: `GET ${BATCHES}/batch_none/output?after=50001`,
    status: 400,
    code: 'invalid_request',
  },
  ...['cancel', 'pause', 'resume', 'retry'].map((action) => ({
    name: `${action} of an unknown batch`,
    route: `POST ${BATCHES}/batch_none/${action}`,
    status: 404,
    code: 'batch_not_found',
  })),
];
