import { INFERENCE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { WORKER_HEADERS } from '../operation/response-headers.ts';
import { embeddingRequest } from './request.ts';
import { embeddingList } from './response.ts';

export const createEmbedding = defineOperation({
  operationId: 'createEmbedding',
  sdk: { node: 'embeddings.create' },
  method: 'post',
  path: '/v1/embeddings',
  permission: 'inference:write',
  tag: 'Embeddings',
  summary: 'Create embeddings',
  request: embeddingRequest,
  example: { model: 'embed', input: ['Hello there', 'Good bye'] },
  response: embeddingList,
  responseHeaders: WORKER_HEADERS,
  errors: [...INFERENCE_ERRORS, 'context_length_exceeded'],
});

/** In the order of the reference. */
export const embeddingsOperations = [createEmbedding] as const;
