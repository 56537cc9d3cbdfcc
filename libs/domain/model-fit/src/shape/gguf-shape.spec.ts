import { readFileSync } from 'node:fs';
import { kvBytesPerToken } from '../memory/memory-of.ts';
import { shapeOfConfig } from './config-shape.ts';
import { shapeOfGguf } from './gguf-shape.ts';

function configShape(name: string): ReturnType<typeof shapeOfConfig> {
  const text = readFileSync(new URL(`../../test/models/${name}.json`, import.meta.url), 'utf8');
  return shapeOfConfig((JSON.parse(text) as { config: Record<string, unknown> }).config);
}

function under(architecture: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const pairs = Object.entries(values).map(([key, value]) => [`${architecture}.${key}`, value]);
  return { 'general.architecture': architecture, ...Object.fromEntries(pairs) };
}

const llama = under('llama', {
  ...{ block_count: 32, embedding_length: 4_096, feed_forward_length: 14_336, context_length: 131_072 },
  ...{ vocab_size: 128_256, 'attention.head_count': 32, 'attention.head_count_kv': 8 },
});

describe('shapeOfGguf', () => {
  it('finds the same caches in GGUF and in config.json', () => {
    expect(shapeOfGguf(llama)).toMatchObject({
      ...{ caches: configShape('llama-3.1-8b').caches, parameters: configShape('llama-3.1-8b').parameters },
    });
    const experts = under('gpt-oss', {
      ...{ block_count: 36n, embedding_length: 2_880, expert_feed_forward_length: 2_880, expert_count: 128 },
      ...{ expert_used_count: 4, 'attention.head_count': 64, 'attention.head_count_kv': 8, vocab_size: 201_088 },
      ...{ 'attention.key_length': 64, 'attention.value_length': 64, 'attention.sliding_window': 128 },
    });
    const { caches, experts: found, parameters } = configShape('gpt-oss-120b');
    expect(shapeOfGguf(experts)).toMatchObject({ caches, experts: found, parameters });
  });

  it('keeps latent vectors if the file says so, and the keys and values of all heads if it does not', () => {
    const old = {
      ...{ block_count: 61, embedding_length: 7_168, feed_forward_length: 18_432, expert_feed_forward_length: 2_048 },
      ...{ expert_count: 256, expert_used_count: 8, expert_shared_count: 1, leading_dense_block_count: 3 },
      ...{ 'attention.head_count': 128, 'attention.head_count_kv': 128, 'attention.kv_lora_rank': 512 },
      ...{ 'attention.key_length': 192, 'attention.value_length': 128, 'rope.dimension_count': 64 },
    };
    const latent = { 'attention.key_length_mla': 192, 'attention.value_length_mla': 128 };
    const bytesOf = (values: object): number =>
      kvBytesPerToken(shapeOfGguf(under('deepseek2', { ...values })), 'auto').withinWindows;
    expect(bytesOf({ ...old, ...latent })).toBe(70_272);
    expect(bytesOf(old)).toBe(61 * 128 * (192 + 128) * 2);
  });

  it('takes layers without heads for recurrent ones', () => {
    const pattern = 'M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-';
    const hybrid = under('nemotron_h', {
      ...{ block_count: 52, embedding_length: 4_096, vocab_size: 131_072, context_length: 8_192 },
      ...{ 'attention.head_count': 32, 'attention.key_length': 128, 'attention.value_length': 128 },
      'attention.head_count_kv': [...pattern].map((letter) => (letter === '*' ? 8 : 0)),
      feed_forward_length: [...pattern].map((letter) => (letter === '-' ? 21_504 : 0)),
      ...{ 'ssm.inner_size': 8_192, 'ssm.state_size': 128, 'ssm.conv_kernel': 4, 'ssm.time_step_rank': 128 },
      'ssm.group_count': 8,
    });
    const { caches, parameters } = configShape('nemotron-h-8b');
    expect(shapeOfGguf(hybrid)).toMatchObject({ caches: expect.arrayContaining(caches), parameters });
  });

  it('estimates the size of weights by the mixture of types, unless it is known', () => {
    const estimate = shapeOfGguf({ ...llama, 'general.file_type': 15 });
    // The file of Llama 3.1 8B in Q4_K_M has 4.92 GB.
    expect(Math.abs((estimate.weightBytes ?? 0) / 4.92e9 - 1)).toBeLessThan(0.02);
    expect(estimate).toMatchObject({ quantization: 'Q4_K_M', weightSource: 'estimate', warnings: [] });
    expect(shapeOfGguf(llama, { bytes: 7, source: 'given' })).toMatchObject({ weightBytes: 7, warnings: [] });
    expect(shapeOfGguf(llama).warnings).toHaveLength(1);
  });
});
