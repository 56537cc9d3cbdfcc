import { preflightModel } from '@xerotier/public-api/model-preflight';
import { publicPreflightOf, requestedShapeOf, requestedWishesOf } from './model-preflight.ts';

const GIB = 2 ** 30;
const { config } = preflightModel.example;
type Body = Parameters<typeof requestedShapeOf>[0];

function preflight(body: Body): ReturnType<typeof publicPreflightOf> {
  return preflightModel.response.parse(publicPreflightOf(requestedShapeOf(body), requestedWishesOf(body), null));
}

describe('a preflight', () => {
  it('has the requirement alone without GPUs', () => {
    const { required, kv_cache: kvCache, gpus, ...rest } = preflight({ config });
    expect(rest).toEqual({
      ...{ object: 'model.preflight', model: null, architecture: 'llama', kind: 'decoder' },
      ...{ parameters: 8_030_257_152, quantization: 'bfloat16', weight_source: 'estimate' },
      ...{ context_tokens: 131_072, concurrency: 1, warnings: [] },
    });
    expect(kvCache).toEqual({
      ...{ bytes_per_token: 131_072, bytes_per_token_beyond_windows: 131_072, state_bytes_per_sequence: 0 },
    });
    expect(required).toMatchObject({ weight_bytes: 16_060_514_304, kv_cache_bytes: 16 * GIB });
    expect(gpus).toEqual([]);
  });

  it('has a verdict for each of the GPUs, in their order', () => {
    const gpus = [{ memory_bytes: 16 * GIB }, { memory_bytes: 80 * GIB, count: 2, utilization: 0.5 }];
    const verdicts = preflight({ config, context_tokens: 8_192, concurrency: 4, gpus }).gpus;
    expect(verdicts).toMatchObject([
      { fits: false, tensor_parallel: 1, max_context_tokens: 0, max_concurrency: 0 },
      { fits: true, tensor_parallel: 2, available_bytes: 40 * GIB, max_context_tokens: 131_072 },
    ]);
    expect(verdicts[0]?.reasons).toEqual(['Needs 15.0 GiB for weights; the worker has 14.4 GiB of 16 GiB.']);
  });

  it('takes the size of the weights, and 8 bits for the KV cache, from the request', () => {
    const {
      required,
      kv_cache: kvCache,
      weight_source: source,
    } = preflight({
      ...{ config, weight_bytes: 1_000, kv_cache_type: 'fp8' as const },
    });
    expect([required?.weight_bytes, source, kvCache?.bytes_per_token]).toEqual([1_000, 'given', 65_536]);
  });

  it('does not guess for an architecture that is not known', () => {
    const gguf = { 'general.architecture': 'telepath' };
    const unknown = { fits: null, required: null, max_context_tokens: null, max_concurrency: null };
    expect(preflight({ gguf, gpus: [{ memory_bytes: GIB }] })).toMatchObject({
      ...{ kind: 'unknown', kv_cache: null, required: null, parameters: null, gpus: [unknown] },
      warnings: [expect.stringContaining('not known')],
    });
  });

  it.each([
    [{ config: { ...config, num_hidden_layers: -1 } }, 'config.num_hidden_layers'],
    [{ config: { text_config: { ...config, vocab_size: '1' } } }, 'config.text_config.vocab_size'],
    [{ gguf: { 'general.architecture': 'llama' } }, 'gguf.llama.embedding_length'],
  ])('of a wrong configuration is rejected, naming the field', (body, param) => {
    expect(() => preflight(body)).toThrow(expect.objectContaining({ code: 'request.invalid', param }));
  });
});

describe('the request', () => {
  const fieldOf = (body: unknown): unknown => preflightModel.request.safeParse(body).error?.issues[0]?.path[0];

  it.each([
    [{}, 'config'],
    [{ config, gguf: {} }, 'gguf'],
    [{ config, weight_bytes: 2 ** 51 }, 'weight_bytes'],
    [{ config, concurrency: 0 }, 'concurrency'],
    [{ config, gpus: [{ memory_bytes: -1 }] }, 'gpus'],
    [{ config, gpus: Array.from({ length: 17 }, () => ({ memory_bytes: 1 })) }, 'gpus'],
    [{ config: Object.fromEntries(Array.from({ length: 2_001 }, (_, name) => [name, 1])) }, 'config'],
  ])('%# is rejected, naming %s', (body, field) => {
    expect(fieldOf(body)).toBe(field);
  });

  it('has one description of the model', () => {
    expect(fieldOf({ config })).toBeUndefined();
    expect(fieldOf({ gguf: {} })).toBeUndefined();
  });
});
