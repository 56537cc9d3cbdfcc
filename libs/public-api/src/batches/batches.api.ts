import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { batchesQuery, batchOutputQuery, createBatchRequest } from './request.ts';
import { batch, batchList } from './response.ts';

const COLLECTION = '/v1/batches';
const ONE = `${COLLECTION}/{batch}` as const;
const common = { tag: 'Batches', bases: 'project' } as const;
const params = z.object({ batch: z.string().describe('The `id` of a batch.') });

export const createBatch = defineOperation({
  ...common,
  operationId: 'createBatch',
  sdk: { node: 'batches.create' },
  method: 'post',
  path: COLLECTION,
  permission: 'batches:write',
  summary: 'Create batch',
  description:
    'Runs the requests of a file, on what the workers of the models have idle. The file is validated first: a batch that is not valid fails, and runs nothing.',
  headers: idempotencyHeaders,
  request: createBatchRequest,
  example: { input_file_id: 'file-abc123', endpoint: '/v1/chat/completions', completion_window: '24h' },
  response: batch,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS],
});

export const listBatches = defineOperation({
  ...common,
  operationId: 'listBatches',
  sdk: { node: 'batches.list' },
  method: 'get',
  path: COLLECTION,
  permission: 'batches:read',
  summary: 'List batches',
  description: 'The batches of the project, the newest first; those that are dry runs are a list of their own.',
  query: batchesQuery,
  response: batchList,
  errors: STORAGE_ERRORS,
});

export const getBatch = defineOperation({
  ...common,
  operationId: 'getBatch',
  sdk: { node: 'batches.retrieve' },
  method: 'get',
  path: ONE,
  permission: 'batches:read',
  summary: 'Get batch',
  params,
  response: batch,
  errors: [...STORAGE_ERRORS, 'batch_not_found'],
});

export const getBatchOutput = defineOperation({
  ...common,
  operationId: 'getBatchOutput',
  method: 'get',
  path: `${ONE}/output`,
  permission: 'batches:read',
  summary: 'Get batch output',
  description:
    'The results of a batch so far, as lines of its output or error file; when it has ended, those of the file. Their order does not change, so that a later request continues behind the lines that were read. With `follow`, the response has new lines as they are kept, and ends with the batch; an empty line is sent every 15 seconds if there are none. If it cannot be completed, the connection is closed.',
  params,
  query: batchOutputQuery,
  rawResponse: ['application/jsonl'],
  errors: [...STORAGE_ERRORS, 'batch_not_found', 'file_not_found', 'rate_limit_exceeded'],
});

export const cancelBatch = defineOperation({
  ...common,
  operationId: 'cancelBatch',
  sdk: { node: 'batches.cancel' },
  method: 'post',
  path: `${ONE}/cancel`,
  permission: 'batches:write',
  summary: 'Cancel batch',
  description:
    'Starts no more lines. The batch is `cancelling` until those that run have ended, and then `cancelled`, with the results until then.',
  params,
  response: batch,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'batch_not_found', 'batch_ended'],
});

export const pauseBatch = defineOperation({
  ...common,
  operationId: 'pauseBatch',
  method: 'post',
  path: `${ONE}/pause`,
  permission: 'batches:write',
  summary: 'Pause batch',
  description:
    'Starts no more lines until the batch is resumed; those that run end. Its status does not change, and neither does the end of its window: a batch that is still paused then expires.',
  params,
  response: batch,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'batch_not_found', 'batch_ended'],
});

export const resumeBatch = defineOperation({
  ...common,
  operationId: 'resumeBatch',
  method: 'post',
  path: `${ONE}/resume`,
  permission: 'batches:write',
  summary: 'Resume batch',
  description: 'Continues a batch that is paused. Resuming another one that has not ended changes nothing.',
  params,
  response: batch,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'batch_not_found', 'batch_ended'],
});

export const retryBatch = defineOperation({
  ...common,
  operationId: 'retryBatch',
  method: 'post',
  path: `${ONE}/retry`,
  permission: 'batches:write',
  summary: 'Retry batch',
  description:
    'Creates a batch that runs the lines which have failed, or were not started, in a batch that has ended: with its input file, endpoint, window and metadata.',
  headers: idempotencyHeaders,
  params,
  response: batch,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'batch_not_found', 'batch_not_retryable'],
});

/** In the order of the reference. */
export const batchesOperations = [
  createBatch,
  listBatches,
  getBatch,
  getBatchOutput,
  cancelBatch,
  pauseBatch,
  resumeBatch,
  retryBatch,
] as const;
