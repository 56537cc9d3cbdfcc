import type { ModelShape } from '@xerotier/contracts/router';
import { familyOf } from './families.ts';
import { bounded, LIMITS } from './limits.ts';
import { ModelFields } from './model-fields.ts';
import { hyperparametersOf, shapeFrom, unknownShape } from './model-shape.ts';
import type { KnownWeights } from './model-shape.ts';
import { parameterCountOf } from './parameter-count.ts';
import { GGUF_FILE_BITS } from './weight-bytes.ts';

/** Keys of GGUF below the architecture, by the name that transformers gives to the same. */
const KEYS: Readonly<Record<string, string>> = {
  num_hidden_layers: 'block_count',
  hidden_size: 'embedding_length',
  num_attention_heads: 'attention.head_count',
  num_key_value_heads: 'attention.head_count_kv',
  head_dim: 'attention.key_length',
  value_length: 'attention.value_length',
  sliding_window: 'attention.sliding_window',
  sliding_window_pattern: 'attention.sliding_window_pattern',
  attention_chunk_size: 'attention.chunk_size',
  max_position_embeddings: 'context_length',
  vocab_size: 'vocab_size',
  intermediate_size: 'feed_forward_length',
  moe_intermediate_size: 'expert_feed_forward_length',
  shared_expert_intermediate_size: 'expert_shared_feed_forward_length',
  num_experts: 'expert_count',
  num_experts_per_tok: 'expert_used_count',
  num_shared_experts: 'expert_shared_count',
  first_k_dense_replace: 'leading_dense_block_count',
  interleave_moe_layer_step: 'interleave_moe_layer_step',
  q_lora_rank: 'attention.q_lora_rank',
  mamba_inner_size: 'ssm.inner_size',
  mamba_d_conv: 'ssm.conv_kernel',
  linear_conv_kernel_dim: 'ssm.conv_kernel',
  mamba_d_state: 'ssm.state_size',
  ssm_state_size: 'ssm.state_size',
  mamba_dt_rank: 'ssm.time_step_rank',
  mamba_num_heads: 'ssm.time_step_rank',
  mamba_n_groups: 'ssm.group_count',
  linear_num_key_heads: 'ssm.group_count',
  linear_num_value_heads: 'ssm.time_step_rank',
  linear_key_head_dim: 'ssm.state_size',
  full_attention_interval: 'full_attention_interval',
};
const VOCABULARY_DEFAULT = 131_072;
const TOKENS = 'tokenizer.ggml.tokens';

/**
 * Reads the key-value pairs of a GGUF header. Lists may be left out, those of the vocabulary too.
 *
 * @returns a shape of the kind `unknown` for an architecture that is not known.
 * @throws {InvalidModelField} as `shapeOfConfig`, naming the key.
 */
export function shapeOfGguf(metadata: Readonly<Record<string, unknown>>, weights?: KnownWeights): ModelShape {
  const all = new ModelFields(metadata);
  const architecture = all.text('general.architecture');
  if (architecture === undefined) throw all.invalid('general.architecture', 'is missing');
  const family = familyOf(architecture);
  if (family === undefined) return unknownShape(architecture, weights);

  const aliases = Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, `${architecture}.${key}`]));
  const fields = new ModelFields(metadata, '', { ...aliases, ...latentKeys(all, architecture) });
  const warnings: string[] = [];
  const vocabularySize = vocabularySizeOf(fields, metadata[TOKENS]) ?? VOCABULARY_DEFAULT;
  const model = hyperparametersOf(fields, {
    architecture,
    family,
    isTied: family.isTied,
    vocabularySize,
    visionParameters: 0,
  });
  const counts = parameterCountOf(model);
  const fileType = all.get('general.file_type');
  const known = GGUF_FILE_BITS.get(typeof fileType === 'bigint' ? Number(fileType) : fileType);
  if (weights === undefined && known === undefined)
    warnings.push('The type of the weights is not known: 16 bits are assumed.');
  const [quantization, bits] = known ?? ['unknown', 16];
  return shapeFrom(model, {
    parameters: weights?.parameters ?? counts.total,
    weightBytes: weights?.bytes ?? Math.min(LIMITS.bytes, bounded((counts.total * bits) / 8)),
    weightSource: weights?.source ?? 'estimate',
    ...{ quantization, warnings },
  });
}

/**
 * Files of DeepSeek models say with `key_length_mla` that llama.cpp keeps the latent vectors. Older ones do not: it keeps the keys
 * and values of all heads then.
 */
function latentKeys(all: ModelFields, architecture: string): Readonly<Record<string, string>> {
  if (all.get(`${architecture}.attention.key_length_mla`) === undefined) return {};
  return {
    kv_lora_rank: `${architecture}.attention.kv_lora_rank`,
    qk_rope_head_dim: `${architecture}.rope.dimension_count`,
    // With the part for positions, which is a few percent of the parameters of attention.
    qk_nope_head_dim: `${architecture}.attention.key_length_mla`,
    v_head_dim: `${architecture}.attention.value_length_mla`,
  };
}

function vocabularySizeOf(fields: ModelFields, tokens: unknown): number | undefined {
  const listed =
    Array.isArray(tokens) && tokens.length > 0 && tokens.length <= LIMITS.vocabularySize ? tokens.length : undefined;
  return fields.count(LIMITS.vocabularySize, 'vocab_size') ?? listed;
}
