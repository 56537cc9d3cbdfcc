/** The size of weights whose files are not there yet: parameters times the bits that the configuration says each takes. */
import type { ModelFields } from './model-fields.ts';
import { LIMITS } from './limits.ts';
import type { ParameterCounts } from './parameter-count.ts';

export interface WeightEstimate {
  readonly bytes: number;
  readonly quantization: string;
  readonly warnings: readonly string[];
}

const TYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['float64', 64],
  ['float32', 32],
  ['float16', 16],
  ['bfloat16', 16],
  ['float8_e4m3fn', 8],
  ['float8_e5m2', 8],
]);
const TYPE_DEFAULT = 'bfloat16';

/** Elements that share a scale, unless the configuration says so. */
const GROUP_SIZE = 128;
const SCALE_BITS = 16;

interface Quantization {
  readonly method: string;
  readonly bits: number;
  /** Whether attention stays in the type of the model. */
  readonly isOfFeedForwardsOnly: boolean;
}

/** @throws {InvalidModelField} */
export function estimateWeights(config: ModelFields, text: ModelFields, counts: ParameterCounts): WeightEstimate {
  const warnings: string[] = [];
  const type = config.text('torch_dtype', 'dtype') ?? text.text('torch_dtype', 'dtype') ?? TYPE_DEFAULT;
  let typeBits = TYPE_BITS.get(type);
  if (typeBits === undefined) {
    warnings.push('The type of the weights is not known: 16 bits are assumed.');
    typeBits = 16;
  }
  const part = config.part('quantization_config') ?? text.part('quantization_config');
  const quantization = part && quantizationOf(part);
  if (part !== undefined && quantization === undefined)
    warnings.push('The quantization is not known: weights are assumed to have the type of the model.');
  if (quantization === undefined) return { bytes: (counts.total * typeBits) / 8, quantization: type, warnings };

  const quantized = counts.feedForwards + (quantization.isOfFeedForwardsOnly ? 0 : counts.mixers);
  const bits = quantized * quantization.bits + (counts.total - quantized) * typeBits;
  return { bytes: bits / 8, quantization: quantization.method, warnings };
}

/** Embeddings, and what `modules_to_not_convert` names, are not quantized. */
function quantizationOf(part: ModelFields): Quantization | undefined {
  const method = part.text('quant_method') ?? 'unknown';
  const bits = bitsOf(part, method);
  if (bits === undefined) return undefined;
  const kept = part.list('modules_to_not_convert', 'ignored_layers', 'ignore') ?? [];
  const isOfFeedForwardsOnly = kept.some((name) => typeof name === 'string' && name.includes('attn'));
  return { method, bits, isOfFeedForwardsOnly };
}

/** Of one parameter, with its share of the scales. */
function bitsOf(part: ModelFields, method: string): number | undefined {
  switch (method) {
    case 'fp8':
    case 'fbgemm_fp8':
      return 8;
    case 'mxfp4':
      // Blocks of 32 elements of 4 bits with a scale of 8.
      return 4 + 8 / 32;
    case 'awq':
    case 'gptq': {
      const bits = part.count(16, 'bits', 'w_bit') ?? 4;
      // -1: one group per row.
      const listed = part.get('group_size', 'q_group_size');
      const group = listed === -1 ? LIMITS.hiddenSize : part.count(LIMITS.hiddenSize, 'group_size', 'q_group_size');
      return bits + (SCALE_BITS + bits) / (group ?? GROUP_SIZE);
    }
    case 'bitsandbytes':
      // Blocks of 64 elements with a scale of 32 bits.
      return part.flag('load_in_4bit', '_load_in_4bit') === true ? 4 + 32 / 64 : 8;
    case 'modelopt':
      return part.text('quant_algo')?.toUpperCase() === 'NVFP4' ? 4 + 8 / 16 : 8;
    case 'compressed-tensors': {
      const weights = part.part('config_groups')?.part('group_0')?.part('weights');
      const bits = weights?.count(16, 'num_bits');
      if (bits === undefined) return undefined;
      return bits + (bits >= 8 ? 0 : SCALE_BITS / (weights?.count(LIMITS.hiddenSize, 'group_size') ?? GROUP_SIZE));
    }
    default:
      return undefined;
  }
}

/**
 * Bits per weight of the mixtures of llama.cpp by `general.file_type`, for a model of 8 billion parameters, as the README of its tool
 * `quantize` lists them. Smaller models have more, since their embeddings are a larger part.
 */
export const GGUF_FILE_BITS: ReadonlyMap<unknown, readonly [name: string, bits: number]> = new Map([
  [0, ['F32', 32]],
  [1, ['F16', 16]],
  [2, ['Q4_0', 4.66]],
  [3, ['Q4_1', 5.12]],
  [7, ['Q8_0', 8.5]],
  [8, ['Q5_0', 5.59]],
  [9, ['Q5_1', 6.06]],
  [10, ['Q2_K', 3.16]],
  [11, ['Q3_K_S', 3.64]],
  [12, ['Q3_K_M', 4]],
  [13, ['Q3_K_L', 4.3]],
  [14, ['Q4_K_S', 4.67]],
  [15, ['Q4_K_M', 4.89]],
  [16, ['Q5_K_S', 5.57]],
  [17, ['Q5_K_M', 5.7]],
  [18, ['Q6_K', 6.56]],
  [25, ['IQ4_NL', 4.68]],
  [30, ['IQ4_XS', 4.46]],
  [32, ['BF16', 16]],
  [38, ['MXFP4_MOE', 4.25]],
]);
