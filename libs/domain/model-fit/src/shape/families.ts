/**
 * What the configuration of a model leaves to the code of its architecture. Names are those of `model_type` in transformers and of
 * `general.architecture` in GGUF, compared without case, hyphens and underscores.
 */

export interface Family {
  readonly kind: 'decoder' | 'encoder';
  /** Unless the configuration says whether the output uses the matrix of the input. */
  readonly isTied: boolean;
  /** Of a feed-forward layer: 3 with a gate. */
  readonly matrices: 2 | 3;
  readonly hasPositions?: boolean;
  /**
   * Which layers have the sliding window, unless the configuration lists them: all, or all but each n-th. Absent: none, even if the
   * configuration has a size for it.
   */
  readonly windows?: 'all' | number;
  /** What the layers without attention are. */
  readonly recurrent?: 'mamba' | 'mamba2' | 'delta';
  /** Whether no layer has attention. */
  readonly isAttentionFree?: boolean;
  /** Whether every layer is followed by a feed-forward layer. Default true. */
  readonly hasFeedForwards?: boolean;
  /** Fields that configurations leave out if they have these values. */
  readonly defaults?: Readonly<Record<string, number>>;
}

const decoder: Family = { kind: 'decoder', isTied: false, matrices: 3 };
const tied: Family = { ...decoder, isTied: true };
/** With a feed-forward layer of two matrices. */
const plain: Family = { ...tied, matrices: 2 };
const gemma3: Family = {
  ...{ ...tied, windows: 6 },
  defaults: {
    head_dim: 256,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 262_208,
    sliding_window: 4_096,
  },
};
const encoder: Family = { kind: 'encoder', isTied: true, matrices: 2, hasPositions: true };

const families: Readonly<Record<string, Family>> = {
  llama: decoder,
  llama4: { ...decoder, windows: 4 },
  llama4_text: { ...decoder, windows: 4 },
  mistral: { ...decoder, windows: 'all' },
  ministral: { ...decoder, windows: 'all' },
  mixtral: { ...decoder, windows: 'all' },
  qwen2: decoder,
  qwen2_moe: decoder,
  qwen2_vl: decoder,
  qwen2_vl_text: decoder,
  qwen2_5_vl: decoder,
  qwen2_5_vl_text: decoder,
  qwen3: decoder,
  qwen3_moe: decoder,
  qwen3_vl: decoder,
  qwen3_vl_text: decoder,
  qwen3_vl_moe: decoder,
  qwen3_vl_moe_text: decoder,
  qwen3_next: { ...decoder, recurrent: 'delta' },
  gemma: tied,
  gemma2: { ...tied, windows: 2 },
  gemma3,
  gemma3_text: gemma3,
  gpt_oss: { ...decoder, windows: 2 },
  phi: { ...plain, isTied: false },
  phi3: { ...decoder, windows: 'all' },
  phimoe: { ...decoder, windows: 'all' },
  deepseek_v2: decoder,
  deepseek_v3: decoder,
  deepseek2: decoder,
  kimi_k2: decoder,
  glm4: decoder,
  glm4_moe: decoder,
  granite: tied,
  granitemoe: tied,
  granitemoehybrid: { ...tied, recurrent: 'mamba2' },
  bamba: { ...decoder, recurrent: 'mamba2' },
  jamba: { ...decoder, recurrent: 'mamba' },
  mamba: { ...tied, recurrent: 'mamba', isAttentionFree: true },
  falcon_mamba: { ...decoder, recurrent: 'mamba', isAttentionFree: true },
  mamba2: { ...decoder, recurrent: 'mamba2', isAttentionFree: true },
  nemotron: { ...decoder, matrices: 2 },
  nemotron_h: { ...decoder, matrices: 2, recurrent: 'mamba2', hasFeedForwards: false },
  olmo: decoder,
  olmo2: decoder,
  olmoe: decoder,
  smollm3: tied,
  stablelm: decoder,
  internlm2: decoder,
  baichuan: decoder,
  exaone: decoder,
  cohere: tied,
  command_r: tied,
  cohere2: { ...tied, windows: 4 },
  starcoder2: { ...plain, windows: 'all' },
  gpt2: { ...plain, hasPositions: true },
  gpt_bigcode: { ...plain, hasPositions: true },
  starcoder: { ...plain, hasPositions: true },
  opt: { ...plain, hasPositions: true },
  falcon: plain,
  bloom: plain,
  gpt_neox: { ...plain, isTied: false },
  bert: encoder,
  roberta: encoder,
  xlm_roberta: encoder,
  camembert: encoder,
  mpnet: encoder,
  distilbert: encoder,
  electra: encoder,
  nomic_bert: { ...encoder, matrices: 3, hasPositions: false },
  modernbert: { ...encoder, matrices: 3, hasPositions: false },
};

const byName: ReadonlyMap<string, Family> = new Map(
  Object.entries(families).map(([name, family]) => [normalized(name), family]),
);

/** @param name such as `qwen3_moe`, `qwen3moe`, or the class `Qwen3MoeForCausalLM`. */
export function familyOf(name: string): Family | undefined {
  return byName.get(normalized(name));
}

function normalized(name: string): string {
  return name
    .replace(/(?:For[A-Z]\w*|LMHeadModel|Model)$/, '')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .toLowerCase();
}
