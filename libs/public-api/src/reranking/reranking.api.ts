import { INFERENCE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { WORKER_HEADERS } from '../operation/response-headers.ts';
import { rerankRequest } from './rerank-request.ts';
import { rerankResponse, scoreResponse } from './response.ts';
import { scoreRequest } from './score-request.ts';

const common = {
  method: 'post',
  permission: 'inference:write',
  tag: 'Reranking',
  responseHeaders: WORKER_HEADERS,
  errors: [...INFERENCE_ERRORS, 'context_length_exceeded'],
} as const;

export const rerank = defineOperation({
  ...common,
  operationId: 'rerank',
  path: '/v1/rerank',
  summary: 'Rerank documents',
  request: rerankRequest,
  example: { model: 'embed', query: 'What do cats eat?', documents: ['Cats eat mice.', 'Trains run on rails.'] },
  response: rerankResponse,
});

export const rerankV2 = defineOperation({
  ...rerank,
  operationId: 'rerankV2',
  path: '/v2/rerank',
  description: 'The same as `/v1/rerank`.',
});

export const score = defineOperation({
  ...common,
  operationId: 'score',
  path: '/v1/score',
  summary: 'Score pairs of texts',
  description:
    'The two sides are `text_1` and `text_2`, `queries` and `documents`, or `data_1` and `data_2`. A single text on the left is scored against each text on the right; otherwise both sides must have the same length.',
  request: scoreRequest,
  example: { model: 'embed', text_1: 'What do cats eat?', text_2: ['Cats eat mice.', 'Trains run on rails.'] },
  response: scoreResponse,
});

/** In the order of the reference. */
export const rerankingOperations = [rerank, rerankV2, score] as const;
