/** What a model is, and where it is to run. */
import { z } from 'zod';
import { boundedObject } from '../fields/bounded-object.ts';
import { queryCount } from '../fields/query-count.ts';
import { components } from '../openapi/components.ts';

/** The largest configurations have some hundred fields, and GGUF headers some dozen. */
const FIELDS_MAX = 2_000;
const BYTES_MAX = 2 ** 50;
const CONTEXT_MAX = 2 ** 30;
/** Sequences that are computed at the same time: see `SEQUENCES_MAX` of model-fit. */
const CONCURRENCY_MAX = 1_024;
const GPUS_MAX = 1_024;
const SHAPES_MAX = 16;

const count = (max: number): z.ZodNumber => z.number().int().min(1).max(max);

const description = boundedObject<unknown>(FIELDS_MAX, `must have at most ${FIELDS_MAX} fields`, {
  additionalProperties: true,
}).pipe(z.record(z.string(), z.unknown()));

const contextTokens = 'Tokens of one sequence, prompt and output. Default: all that the model has.';
const concurrency = 'Sequences of that size at the same time. Default: 1.';
const kvCacheType = z.enum(['auto', 'fp8']);
const kvCacheTypeOf = 'The type of the KV cache: 16 bits per element, or 8. Default: `auto`, 16 bits.';

const gpus = z.strictObject({
  memory_bytes: count(BYTES_MAX).describe('Of one GPU. For a worker without one, the memory that its engine may take.'),
  count: count(GPUS_MAX).optional().describe('GPUs of the worker, which share the model. Default: 1.'),
  utilization: z
    .number()
    .min(0.1)
    .max(1)
    .optional()
    .describe('The part of the memory that the engine takes. Default: 0.9, as vLLM is started.'),
});

export const preflightModelRequest = z
  .strictObject({
    config: description.optional().describe('The content of `config.json`. Either this or `gguf` is required.'),
    gguf: description
      .optional()
      .describe(
        'The key-value pairs of the header of a GGUF file. Those of the tokenizer, and other long lists, can be left out.',
      ),
    weight_bytes: count(BYTES_MAX)
      .optional()
      .describe('The size of the files with the weights. Default: an estimate from the parameters and their type.'),
    context_tokens: count(CONTEXT_MAX).optional().describe(contextTokens),
    concurrency: count(CONCURRENCY_MAX).optional().describe(concurrency),
    kv_cache_type: kvCacheType.optional().describe(kvCacheTypeOf),
    gpus: z
      .array(gpus)
      .max(SHAPES_MAX)
      .optional()
      .describe('Workers that the model might run on. Default: none, and the response has the requirement alone.'),
  })
  .superRefine((request, context) => {
    const reject = (field: keyof typeof request, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (request.config === undefined && request.gguf === undefined) reject('config', 'or `gguf` is required');
    if (request.config !== undefined && request.gguf !== undefined) reject('gguf', 'is not allowed with `config`');
  })
  .register(components, { id: 'PreflightModelRequest' });

export const modelPreflightQuery = z.strictObject({
  context_tokens: queryCount(CONTEXT_MAX).describe(contextTokens),
  concurrency: queryCount(CONCURRENCY_MAX).describe(concurrency),
  kv_cache_type: kvCacheType.optional().describe(kvCacheTypeOf),
  gpu_memory_bytes: queryCount(BYTES_MAX).describe('Of one GPU. Default: the response has the requirement alone.'),
  gpu_count: queryCount(GPUS_MAX).describe('GPUs of the worker, with `gpu_memory_bytes`. Default: 1.'),
});
