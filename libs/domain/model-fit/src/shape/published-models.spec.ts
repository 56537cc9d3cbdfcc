/**
 * Well-known models against what their makers, and others who measured, have published. `test/models` has the fields of their
 * configurations that memory depends on, with where each comes from.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { kvBytesPerToken, memoryOf } from '../memory/memory-of.ts';
import { shapeOfConfig } from './config-shape.ts';

const FOLDER = new URL('../../test/models/', import.meta.url);
const B = 1e9;
const GIB = 2 ** 30;
/** Biases, convolutions, projectors of images and rounded figures. */
const TOLERANCE = 0.02;

interface Published {
  readonly parameters: number;
  readonly from: string;
  /** Bytes of a token in 16 bits, all layers; in models without a published figure, the formula of their layers by hand. */
  readonly kvBytes: number;
  readonly kvFrom: string;
}

const ofSafetensors = 'the parameter count of its files on Hugging Face';
const ofCard = 'its model card';
const gqa = 'by hand: 2 x layers x KV heads x head size x 2 bytes (GQA, arXiv 2305.13245)';
const mla = 'by hand: layers x (512 + 64) x 2 bytes (MLA, arXiv 2405.04434)';
const insights = 'Insights into DeepSeek-V3 (arXiv 2505.09343), table of KV caches';
const jamba = 'Jamba (arXiv 2403.19887), table of KV caches at 256K tokens';
/** 256K tokens of so many GiB. */
const at256K = (gib: number): number => (gib * GIB) / 262_144;

const published: Readonly<Record<string, Published>> = {
  'llama-2-7b': { parameters: 6.74 * B, from: ofSafetensors, kvBytes: at256K(128), kvFrom: jamba },
  'llama-3.1-8b': {
    ...{ parameters: 8.03 * B, from: ofSafetensors },
    ...{ kvBytes: 131_072, kvFrom: 'Hugging Face on Llama 3.1: 0.125 GiB for 1k tokens' },
  },
  'llama-3.1-70b': {
    ...{ parameters: 70.6 * B, from: ofSafetensors },
    ...{ kvBytes: 327_680, kvFrom: 'Hugging Face on Llama 3.1: 0.313 GiB for 1k tokens' },
  },
  'llama-3.1-405b': { parameters: 406 * B, from: ofSafetensors, kvBytes: 516_096, kvFrom: insights },
  'llama-3.2-1b': { parameters: 1.23 * B, from: ofCard, kvBytes: 2 * 16 * 8 * 64 * 2, kvFrom: gqa },
  'mistral-7b': { parameters: 7.24 * B, from: ofSafetensors, kvBytes: at256K(32), kvFrom: jamba },
  'mixtral-8x7b': { parameters: 46.7 * B, from: 'Mixtral of experts (Mistral)', kvBytes: at256K(32), kvFrom: jamba },
  'mixtral-8x22b': {
    parameters: 141 * B,
    from: 'Cheaper, better, faster (Mistral)',
    kvBytes: 2 * 56 * 8 * 128 * 2,
    kvFrom: gqa,
  },
  'qwen2.5-7b': { parameters: 7.61 * B, from: ofCard, kvBytes: 2 * 28 * 4 * 128 * 2, kvFrom: gqa },
  'qwen2.5-72b': { parameters: 72.7 * B, from: ofCard, kvBytes: 327_680, kvFrom: insights },
  'qwen2.5-vl-7b': { parameters: 8.29 * B, from: ofSafetensors, kvBytes: 2 * 28 * 4 * 128 * 2, kvFrom: gqa },
  'qwen3-8b': { parameters: 8.2 * B, from: ofCard, kvBytes: 2 * 36 * 8 * 128 * 2, kvFrom: gqa },
  'qwen3-32b': { parameters: 32.8 * B, from: ofCard, kvBytes: 2 * 64 * 8 * 128 * 2, kvFrom: gqa },
  'qwen3-30b-a3b': { parameters: 30.5 * B, from: ofCard, kvBytes: 2 * 48 * 4 * 128 * 2, kvFrom: gqa },
  'qwen3-235b-a22b': { parameters: 235 * B, from: ofCard, kvBytes: 2 * 94 * 4 * 128 * 2, kvFrom: gqa },
  'qwen3-next-80b-a3b': {
    parameters: 80 * B,
    from: ofCard,
    kvBytes: 2 * 12 * 2 * 256 * 2,
    kvFrom: `${gqa}, 12 layers`,
  },
  'gemma-2-9b': {
    parameters: 9.242 * B,
    from: 'Gemma 2 (arXiv 2408.00118)',
    kvBytes: 2 * 42 * 8 * 256 * 2,
    kvFrom: gqa,
  },
  'gemma-2-27b': {
    parameters: 27.228 * B,
    from: 'Gemma 2 (arXiv 2408.00118)',
    kvBytes: 2 * 46 * 16 * 128 * 2,
    kvFrom: gqa,
  },
  'gemma-3-27b': {
    parameters: 27.43 * B,
    from: 'Gemma 3 (arXiv 2503.19786)',
    kvBytes: 2 * 62 * 16 * 128 * 2,
    kvFrom: gqa,
  },
  'gpt-oss-20b': {
    parameters: 20.91 * B,
    from: 'gpt-oss model card (arXiv 2508.10925)',
    kvBytes: 2 * 24 * 8 * 64 * 2,
    kvFrom: gqa,
  },
  'gpt-oss-120b': {
    parameters: 116.83 * B,
    from: 'gpt-oss model card (arXiv 2508.10925)',
    kvBytes: 2 * 36 * 8 * 64 * 2,
    kvFrom: gqa,
  },
  'deepseek-v2-lite': {
    ...{ parameters: 15.7 * B, from: ofCard },
    ...{ kvBytes: 15_552 * 2, kvFrom: 'DeepSeek-V2 (arXiv 2405.04434): 15.6K elements with 27 layers' },
  },
  'deepseek-v2': {
    ...{ parameters: 236 * B, from: ofCard },
    ...{ kvBytes: 34_560 * 2, kvFrom: 'DeepSeek-V2 (arXiv 2405.04434): 34.6K elements' },
  },
  'deepseek-v3': { parameters: 671 * B, from: ofCard, kvBytes: 70_272, kvFrom: insights },
  'kimi-k2': { parameters: 1_040 * B, from: 'Kimi K2 (arXiv 2507.20534)', kvBytes: 61 * 576 * 2, kvFrom: mla },
  'phi-3-mini-4k': {
    parameters: 3.82 * B,
    from: ofSafetensors,
    kvBytes: 2 * 32 * 32 * 96 * 2,
    kvFrom: `${gqa}, all heads`,
  },
  'opt-13b': {
    parameters: 13 * B,
    from: 'OPT (arXiv 2205.01068)',
    kvBytes: 800 * 1_024,
    kvFrom: 'PagedAttention (arXiv 2309.06180): 800 KB',
  },
  gpt2: { parameters: 124e6, from: ofCard, kvBytes: 2 * 12 * 12 * 64 * 2, kvFrom: `${gqa}, all heads` },
  'falcon-7b': { parameters: 7 * B, from: ofCard, kvBytes: 2 * 32 * 64 * 2, kvFrom: `${gqa}, one head` },
  'starcoder2-15b': { parameters: 16 * B, from: ofSafetensors, kvBytes: 2 * 40 * 4 * 128 * 2, kvFrom: gqa },
  'jamba-v0.1': { parameters: 52 * B, from: ofCard, kvBytes: at256K(4), kvFrom: jamba },
  'mamba-codestral-7b': {
    parameters: 7_285_403_648,
    from: 'Codestral Mamba (Mistral)',
    kvBytes: 0,
    kvFrom: 'no attention',
  },
  'nemotron-h-8b': {
    parameters: 8.1 * B,
    from: ofSafetensors,
    kvBytes: 2 * 4 * 8 * 128 * 2,
    kvFrom: `${gqa}, 4 layers`,
  },
  'bge-large-en': { parameters: 335e6, from: ofSafetensors, kvBytes: 0, kvFrom: 'an encoder' },
  'bge-m3': { parameters: 568e6, from: ofSafetensors, kvBytes: 0, kvFrom: 'an encoder' },
};

function configOf(name: string): Record<string, unknown> {
  const text = readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
  return (JSON.parse(text) as { config: Record<string, unknown> }).config;
}

const shapeOf = (name: string): ReturnType<typeof shapeOfConfig> => shapeOfConfig(configOf(name));

describe.each(Object.entries(published))('%s', (name, { parameters, kvBytes, from, kvFrom }) => {
  it(`has the parameters of ${from}`, () => {
    const computed = shapeOf(name).parameters ?? 0;
    expect(Math.abs(computed / parameters - 1)).toBeLessThan(TOLERANCE);
  });

  it(`has the KV cache of ${kvFrom}`, () => {
    expect(kvBytesPerToken(shapeOf(name), 'auto').withinWindows).toBe(kvBytes);
  });
});

it('has figures for every configuration', () => {
  const files = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
  expect(files.toSorted()).toEqual(Object.keys(published).toSorted());
});

describe('the size of weights', () => {
  it.each([
    ['gpt-oss-20b', 12.8, 'gpt-oss model card'],
    ['gpt-oss-120b', 60.8, 'gpt-oss model card'],
    ['llama-3.1-8b', 14.99, 'vLLM: "Loading model weights took 14.99 GB"'],
    ['llama-3.1-70b', 131.4, 'two bytes for each parameter'],
    ['mixtral-8x7b', 87, 'two bytes for each parameter of all experts'],
  ])('of %s is %d GiB', (name, gib) => {
    const computed = (shapeOf(name).weightBytes ?? 0) / GIB;
    expect(Math.abs(computed / gib - 1)).toBeLessThan(TOLERANCE);
  });
});

describe('the KV cache of a GPU that shares a model', () => {
  it('is what vLLM reports for Qwen3-235B-A22B on four GPUs: 178,880 tokens in 8.11 GiB (vLLM issue 21348)', () => {
    const load = { contextTokens: 178_880, sequences: 1, kvType: 'auto', tensorParallel: 4 } as const;
    const { kvCache = 0 } = memoryOf(shapeOf('qwen3-235b-a22b'), load) ?? {};
    expect(Math.abs(kvCache / (8.11 * GIB) - 1)).toBeLessThan(TOLERANCE);
  });

  it('is the whole latent cache on each GPU', () => {
    const load = { contextTokens: 16_384, sequences: 1, kvType: 'auto' } as const;
    const shape = shapeOf('deepseek-v3');
    const [one, eight] = [1, 8].map((tensorParallel) => memoryOf(shape, { ...load, tensorParallel })?.kvCache);
    expect(eight).toBe(one);
  });
});

describe('layers that do not see the whole context', () => {
  it.each([
    // Every sixth of 62 layers, every second of 42.
    ['gemma-3-27b', 10 * 16 * 256 * 2],
    ['gemma-2-9b', 21 * 8 * 512 * 2],
    ['gpt-oss-120b', 18 * 8 * 128 * 2],
    ['mistral-7b', 0],
  ])('of %s stop growing', (name, bytes) => {
    expect(kvBytesPerToken(shapeOf(name), 'auto').beyondWindows).toBe(bytes);
  });

  it('take a state of the size that Mamba-2 has by its sizes', () => {
    const states = shapeOf('mamba-codestral-7b').caches;
    // 128 heads x 64 x 128 in float32, and three inputs of a convolution of 8,192 + 2 x 8 x 128 channels in 16 bits.
    expect(states).toEqual([{ kind: 'state', layers: 64, bytes: 128 * 64 * 128 * 4 + 3 * 10_240 * 2 }]);
  });
});
