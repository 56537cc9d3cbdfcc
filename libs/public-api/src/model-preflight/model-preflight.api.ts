import { z } from 'zod';
import { BODY_ERRORS, COMMON_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { modelPreflightQuery, preflightModelRequest } from './request.ts';
import { modelPreflight } from './response.ts';

const common = { tag: 'Uploads', bases: 'project', permission: 'files:read' } as const;

export const preflightModel = defineOperation({
  ...common,
  operationId: 'preflightModel',
  method: 'post',
  path: '/v1/models/preflight',
  summary: 'Preflight model',
  description:
    'Before a model is uploaded: how much memory it takes, and what context and concurrency fit which GPUs. Nothing is stored.',
  request: preflightModelRequest,
  example: {
    config: {
      ...{ model_type: 'llama', hidden_size: 4_096, intermediate_size: 14_336, num_hidden_layers: 32 },
      ...{ num_attention_heads: 32, num_key_value_heads: 8, vocab_size: 128_256, max_position_embeddings: 131_072 },
      torch_dtype: 'bfloat16',
    },
    context_tokens: 8_192,
    gpus: [{ memory_bytes: 24 * 2 ** 30 }],
  },
  response: modelPreflight,
  errors: [...COMMON_ERRORS, ...BODY_ERRORS],
});

export const getModelPreflight = defineOperation({
  ...common,
  operationId: 'getModelPreflight',
  method: 'get',
  path: '/v1/models/{model_id}/preflight',
  summary: 'Get preflight of uploaded model',
  description: 'As for a model that is not uploaded yet, from the headers of the files of its latest version.',
  params: z.object({ model_id: z.string().describe('The id of an uploaded model, of this project or a shared one.') }),
  query: modelPreflightQuery,
  response: modelPreflight,
  errors: [...COMMON_ERRORS, 'model_not_found'],
});

/** In the order of the reference. */
export const modelPreflightOperations = [preflightModel, getModelPreflight] as const;
