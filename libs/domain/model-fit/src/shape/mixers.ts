import type { Family } from './families.ts';
import { feedForwardLayersOf } from './feed-forwards.ts';
import type { Mixer } from './hyperparameters.ts';
import type { LayerKinds } from './layer-kinds.ts';
import { LIMITS } from './limits.ts';
import type { ModelFields } from './model-fields.ts';

export interface Widths {
  readonly hiddenSize: number;
  readonly heads: number;
}

/** Groups of layers with an own cache that a shape has at most. */
const GROUPS_MAX = 6;

/** @throws {InvalidModelField} */
export function mixersOf(fields: ModelFields, family: Family, kinds: LayerKinds, widths: Widths): Mixer[] {
  const attention = fields.get('kv_lora_rank') === undefined ? attentionOf : latentOf;
  const mixers = family.isAttentionFree === true ? [] : attention(fields, kinds, widths);
  const recurrent = recurrentLayersOf(fields, family, kinds);
  if (recurrent > 0 && family.recurrent !== undefined)
    mixers.push(RECURRENT[family.recurrent](fields, recurrent, widths));
  return mixers.filter(({ layers }) => layers > 0);
}

/** Layers with no heads of keys, in a list of them, have no attention. */
function recurrentLayersOf(fields: ModelFields, family: Family, { recurrent }: LayerKinds): number {
  const listed = fields.get('num_key_value_heads');
  if (!Array.isArray(listed)) return recurrent;
  const without = listed.filter((heads) => Number(heads) === 0).length;
  return Math.max(0, without - (family.hasFeedForwards === false ? feedForwardLayersOf(fields) : 0));
}

function attentionOf(fields: ModelFields, { full, windowed }: LayerKinds, { hiddenSize, heads }: Widths): Mixer[] {
  const headSize = fields.count(LIMITS.headSize, 'head_dim', 'attention_head_dim', 'kv_channels');
  const keySize = headSize ?? Math.max(1, Math.floor(hiddenSize / heads));
  const valueSize = fields.count(LIMITS.headSize, 'value_length') ?? keySize;
  const hasOutputGate = fields.get('full_attention_interval') !== undefined;
  const common = { kind: 'attention', keySize, valueSize, ...(hasOutputGate && { hasOutputGate }) } as const;
  if (Array.isArray(fields.get('num_key_value_heads')))
    return groupsOf(fields).map(([kvHeads, layers]) => ({ ...common, kvHeads, layers }));
  const kvHeads = kvHeadsOf(fields, heads);
  const window = fields.countOrZero(LIMITS.contextTokens, 'sliding_window', 'attention_chunk_size');
  return [
    { ...common, kvHeads, layers: full },
    { ...common, kvHeads, layers: windowed, ...(window !== undefined && { window }) },
  ];
}

function kvHeadsOf(fields: ModelFields, heads: number): number {
  // Falcon has both names; the number counts in its newer architecture only.
  if (fields.get('multi_query') === true && fields.get('new_decoder_architecture') !== true) return 1;
  return (
    fields.count(LIMITS.heads, 'num_key_value_heads', 'num_kv_heads', 'n_head_kv', 'multi_query_group_num') ?? heads
  );
}

/** Layers by their number of heads. */
function groupsOf(fields: ModelFields): [kvHeads: number, layers: number][] {
  const groups = new Map<number, number>();
  for (const each of fields.list('num_key_value_heads') ?? []) {
    const heads = Number(each);
    if (!Number.isInteger(heads) || heads < 0 || heads > LIMITS.heads)
      throw fields.invalid('num_key_value_heads', `must be integers from 0 to ${LIMITS.heads}`);
    if (heads > 0) groups.set(heads, (groups.get(heads) ?? 0) + 1);
  }
  if (groups.size <= GROUPS_MAX) return [...groups];
  // More than any model has: the most that they can be.
  return [[Math.max(...groups.keys()), [...groups.values()].reduce((sum, layers) => sum + layers, 0)]];
}

function latentOf(fields: ModelFields, { full, windowed }: LayerKinds): Mixer[] {
  const size = (name: string): number => fields.requiredCount(LIMITS.headSize, name);
  return [
    {
      ...{ kind: 'latent', layers: full + windowed },
      queryRank: fields.countOrZero(LIMITS.headSize, 'q_lora_rank'),
      rank: size('kv_lora_rank'),
      plainSize: size('qk_nope_head_dim'),
      ropeSize: size('qk_rope_head_dim'),
      valueSize: size('v_head_dim'),
    },
  ];
}

type Recurrent = (fields: ModelFields, layers: number, widths: Widths) => Mixer;

const RECURRENT: Readonly<Record<NonNullable<Family['recurrent']>, Recurrent>> = {
  mamba: (fields, layers, { hiddenSize }) => {
    const expansion = fields.count(LIMITS.kernel, 'mamba_expand', 'expand') ?? 2;
    return {
      ...{ kind: 'mamba', layers },
      innerSize:
        fields.count(LIMITS.hiddenSize, 'mamba_inner_size') ?? Math.min(LIMITS.hiddenSize, expansion * hiddenSize),
      stateSize: fields.count(LIMITS.stateSize, 'mamba_d_state', 'state_size') ?? 16,
      kernel: fields.count(LIMITS.kernel, 'mamba_d_conv', 'conv_kernel') ?? 4,
      timeStepRank: timeStepRankOf(fields) ?? Math.ceil(hiddenSize / 16),
    };
  },
  mamba2: (fields, layers) => {
    const heads = fields.requiredCount(LIMITS.heads, 'mamba_num_heads', 'mamba_n_heads', 'num_heads');
    const innerSize = fields.count(LIMITS.hiddenSize, 'mamba_inner_size');
    return {
      ...{ kind: 'mamba2', layers, heads },
      headSize:
        innerSize === undefined
          ? fields.requiredCount(LIMITS.headSize, 'mamba_head_dim', 'mamba_d_head', 'head_dim')
          : Math.ceil(innerSize / heads),
      groups: fields.count(LIMITS.heads, 'mamba_n_groups', 'n_groups') ?? 1,
      stateSize: fields.requiredCount(LIMITS.stateSize, 'ssm_state_size', 'mamba_d_state', 'state_size'),
      kernel: fields.count(LIMITS.kernel, 'conv_kernel', 'mamba_d_conv') ?? 4,
    };
  },
  delta: (fields, layers) => {
    const valueHeads = fields.requiredCount(LIMITS.heads, 'linear_num_value_heads');
    const innerSize = fields.count(LIMITS.hiddenSize, 'mamba_inner_size');
    return {
      ...{ kind: 'delta', layers, valueHeads },
      keyHeads: fields.requiredCount(LIMITS.heads, 'linear_num_key_heads'),
      keySize: fields.requiredCount(LIMITS.headSize, 'linear_key_head_dim'),
      valueSize:
        innerSize === undefined
          ? fields.requiredCount(LIMITS.headSize, 'linear_value_head_dim')
          : Math.ceil(innerSize / valueHeads),
      kernel: fields.count(LIMITS.kernel, 'linear_conv_kernel_dim') ?? 4,
    };
  },
};

/** `auto` stands for the default. */
function timeStepRankOf(fields: ModelFields): number | undefined {
  const names = ['mamba_dt_rank', 'time_step_rank'] as const;
  return fields.get(...names) === 'auto' ? undefined : fields.count(LIMITS.hiddenSize, ...names);
}
