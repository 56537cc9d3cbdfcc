import { modelShape } from '@xerotier/contracts/router';
import * as fc from 'fast-check';
import { fitOf } from '../memory/fit-of.ts';
import { shapeOfConfig } from './config-shape.ts';
import { shapeOfGguf } from './gguf-shape.ts';
import { InvalidModelField } from './model-fields.ts';

const config = {
  ...{ model_type: 'llama', hidden_size: 4_096, intermediate_size: 14_336, num_hidden_layers: 32 },
  ...{ num_attention_heads: 32, num_key_value_heads: 8, vocab_size: 128_256, max_position_embeddings: 131_072 },
};
const metadata = {
  ...{ 'general.architecture': 'llama', 'general.file_type': 15, 'llama.block_count': 32 },
  ...{ 'llama.embedding_length': 4_096, 'llama.feed_forward_length': 14_336, 'llama.vocab_size': 128_256 },
  ...{ 'llama.attention.head_count': 32, 'llama.attention.head_count_kv': 8, 'llama.context_length': 131_072 },
};

function fieldOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidModelField) return error.field;
    throw error;
  }
}

describe('a configuration with a wrong field', () => {
  it.each(['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'vocab_size', 'intermediate_size'])(
    'is rejected, naming %s, if it is missing',
    (field) => {
      expect(fieldOf(() => shapeOfConfig({ ...config, [field]: undefined }))).toBe(field);
      expect(fieldOf(() => shapeOfConfig({ ...config, [field]: null }))).toBe(field);
    },
  );

  it.each([-1, 0, 1.5, 1e300, Number.NaN, Infinity, '32', true, {}, [], 2 ** 31])(
    'is rejected, naming it, if it is %p',
    (value) => {
      for (const field of ['num_hidden_layers', 'num_key_value_heads', 'vocab_size', 'max_position_embeddings']) {
        if (field === 'num_key_value_heads' && Array.isArray(value)) continue;
        expect(fieldOf(() => shapeOfConfig({ ...config, [field]: value }))).toBe(field);
      }
    },
  );

  it('is rejected, naming the part that it is in', () => {
    const text = { ...config, hidden_size: -1 };
    expect(fieldOf(() => shapeOfConfig({ text_config: text }))).toBe('text_config.hidden_size');
    expect(fieldOf(() => shapeOfConfig({ ...config, vision_config: { depth: -1, hidden_size: 8 } }))).toBe(
      'vision_config.depth',
    );
    expect(fieldOf(() => shapeOfConfig({ ...config, quantization_config: 'awq' }))).toBe('quantization_config');
  });

  it.each([
    ['layer_types', ['full_attention']],
    ['layer_types', Array.from({ length: 32 }, () => 'telepathy')],
    ['layer_types', 'full_attention'],
    ['hybrid_override_pattern', 'M'.repeat(5_000)],
    ['architectures', [1]],
    ['architectures', ['Llama\0']],
    ['model_type', 'lla\uD800ma'],
    ['num_key_value_heads', [-1]],
  ])('is rejected for its list %s', (field, value) => {
    expect(fieldOf(() => shapeOfConfig({ ...config, [field]: value }))).toBe(field);
  });

  it('is rejected by the key of GGUF', () => {
    expect(fieldOf(() => shapeOfGguf({}))).toBe('general.architecture');
    expect(fieldOf(() => shapeOfGguf({ ...metadata, 'llama.block_count': -1 }))).toBe('llama.block_count');
    expect(fieldOf(() => shapeOfGguf({ ...metadata, 'llama.embedding_length': undefined }))).toBe(
      'llama.embedding_length',
    );
  });

  it('never fails otherwise, whatever the values', () => {
    const value = fc.oneof(
      fc.anything(),
      fc.integer(),
      fc.double(),
      fc.bigInt(),
      fc.array(fc.integer(), { maxLength: 40 }),
    );
    const models = [
      'llama',
      'mistral',
      'qwen2',
      'gemma3',
      'deepseek_v3',
      'qwen3_next',
      'jamba',
      'mamba',
      'nemotron_h',
      'bert',
    ];
    const names = [
      ...Object.keys(config),
      ...['sliding_window', 'layer_types', 'use_sliding_window', 'max_window_layers', 'kv_lora_rank', 'q_lora_rank'],
      ...['num_experts', 'n_routed_experts', 'moe_intermediate_size', 'first_k_dense_replace', 'moe_layer_freq'],
      ...['quantization_config', 'vision_config', 'text_config', 'architectures', 'tie_word_embeddings', 'torch_dtype'],
      ...['full_attention_interval', 'attn_layer_period', 'attn_layer_offset', 'hybrid_override_pattern', 'head_dim'],
    ];
    const changes = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...models), changes, (model, changed) => {
        for (const read of [
          () => shapeOfConfig({ ...config, model_type: model, ...changed }),
          () =>
            shapeOfGguf({
              ...metadata,
              ...Object.fromEntries(Object.entries(changed).map(([name, each]) => [`llama.${name}`, each])),
            }),
        ]) {
          fieldOf(() => {
            const shape = read();
            expect(modelShape.parse(shape)).toEqual(shape);
            const fit = fitOf(shape, { memoryBytes: 2 ** 36, gpus: 2 });
            for (const bytes of Object.values(fit.required ?? {})) expect(bytes).toBeGreaterThanOrEqual(0);
          });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an architecture that is not known', () => {
  it('has the size of its weights and a warning', () => {
    const shape = shapeOfConfig({ model_type: 'telepath', hidden_size: -1 }, { bytes: 100, source: 'given' });
    expect(shape).toMatchObject({ architecture: 'telepath', kind: 'unknown', weightBytes: 100, caches: [] });
    expect(shape.warnings).toHaveLength(1);
    expect(shapeOfGguf({ 'general.architecture': 'telepath' })).toMatchObject({ kind: 'unknown' });
    expect(shapeOfConfig({})).toMatchObject({ architecture: 'unknown', kind: 'unknown' });
  });
});
