import { z } from 'zod';
import { components } from '../openapi/components.ts';

const bytes = z.number().int().nonnegative();
const known = z.number().int().nonnegative().nullable();

const requirement = z.object({
  weight_bytes: bytes,
  kv_cache_bytes: bytes,
  state_bytes: bytes.describe('Of layers that keep a state of a fixed size instead of a KV cache.'),
  activation_bytes: bytes.describe('Assumed for 8,192 tokens that are computed in one step.'),
  runtime_bytes: bytes.describe('Assumed for the driver, kernels and buffers.'),
  total_bytes: bytes,
});

const verdict = z.object({
  memory_bytes: bytes,
  count: bytes,
  tensor_parallel: bytes.describe('GPUs that share the model: as many as the attention heads can be divided by.'),
  available_bytes: bytes.describe('Of each GPU.'),
  required: requirement.nullable().describe('On each GPU. Null if the size of the weights is unknown.'),
  fits: z
    .boolean()
    .nullable()
    .describe('Null if unknown. Of an architecture that is not known, only the weights are compared.'),
  max_context_tokens: known.describe('Of one sequence. Null if unknown.'),
  max_concurrency: known.describe(
    'Sequences with `context_tokens` at the same time, at most 1,024. Null if unknown, or if requests keep nothing, as with encoders.',
  ),
  reasons: z.array(z.string()).describe('With numbers, for people.'),
});

export const modelPreflight = z
  .object({
    object: z.literal('model.preflight'),
    model: z.string().nullable().describe('The id of an uploaded model.'),
    architecture: z.string(),
    kind: z
      .enum(['decoder', 'encoder', 'unknown'])
      .describe('`unknown`: an architecture of which only the weights are taken into account.'),
    parameters: known,
    quantization: z.string().nullable(),
    weight_source: z
      .enum(['tensors', 'files', 'given', 'estimate'])
      .nullable()
      .describe('The headers of the files, their sizes, the request, or the parameters and their type.'),
    context_tokens: bytes.describe('What the numbers are for.'),
    concurrency: bytes,
    kv_cache: z
      .object({
        bytes_per_token: bytes.describe('Of one sequence, on all GPUs together.'),
        bytes_per_token_beyond_windows: bytes.describe('When the layers with a sliding window have filled it.'),
        state_bytes_per_sequence: bytes,
      })
      .nullable()
      .describe('Null for an architecture that is not known.'),
    required: requirement.nullable().describe('On one GPU. Null if the size of the weights is unknown.'),
    gpus: z.array(verdict).describe('In the order of the request.'),
    warnings: z.array(z.string()).describe('What the numbers do not take into account.'),
  })
  .register(components, { id: 'ModelPreflight' });
