/** Batches, for the contract suite. */
import type { Operation } from './contract-operations.ts';

const BATCHES = '/{project}/v1/batches';
const newBatch = {
  input_file_id: 'file-0123456789abcdef01234567',
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
};
const setup = { route: `POST ${BATCHES}`, body: newBatch };

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
    { name: 'batches', route: `GET ${BATCHES}`, setup, schema: 'ListBatchesResponse' },
    { name: 'a page of batches', route: `GET ${BATCHES}?limit=1&order=asc`, setup, schema: 'ListBatchesResponse' },
    { name: 'a batch by its id', route: `GET ${BATCHES}/{id}`, setup, schema: 'Batch' },
    { name: 'cancellation of a batch', route: `POST ${BATCHES}/{id}/cancel`, setup, schema: 'Batch' },
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
    name: 'cancellation of an unknown batch',
    route: `POST ${BATCHES}/batch_none/cancel`,
    status: 404,
    code: 'batch_not_found',
  },
];
