import type { Family } from './families.ts';
import type { FeedForward } from './hyperparameters.ts';
import type { LayerKinds } from './layer-kinds.ts';
import { LIMITS } from './limits.ts';
import type { ModelFields } from './model-fields.ts';

const SIZE_NAMES = ['intermediate_size', 'n_inner', 'ffn_dim', 'ffn_hidden_size', 'hidden_dim'] as const;
const EXPERT_NAMES = ['n_routed_experts', 'num_local_experts', 'num_experts'] as const;
/** What models with two matrices take where the configuration says nothing. */
const EXPANSION = 4;

/** @throws {InvalidModelField} */
export function feedForwardsOf(
  fields: ModelFields,
  family: Family,
  kinds: LayerKinds,
  hiddenSize: number,
): FeedForward[] {
  if (family.isAttentionFree === true) return [];
  const layers =
    family.hasFeedForwards === false
      ? (kinds.feedForwardOnly ?? feedForwardLayersOf(fields))
      : kinds.full + kinds.windowed + kinds.recurrent;
  if (layers === 0) return [];
  const count = fields.countOrZero(LIMITS.experts, ...EXPERT_NAMES);
  const { matrices } = family;
  if (count === undefined || count === 1) return [{ layers, size: denseSizeOf(fields, family, hiddenSize), matrices }];

  const size = fields.count(LIMITS.feedForwardSize, 'moe_intermediate_size', 'intermediate_size');
  if (size === undefined) throw fields.invalid('moe_intermediate_size', 'is missing');
  const sparse = sparseLayersOf(fields, layers);
  const active = Math.min(count, fields.count(LIMITS.experts, 'num_experts_per_tok', 'experts_per_token') ?? 1);
  const experts = { count, active, sharedSize: sharedSizeOf(fields, size) };
  const withExperts: FeedForward = { layers: sparse, size, matrices, experts };
  if (sparse === layers) return [withExperts];
  return [withExperts, { layers: layers - sparse, size: denseSizeOf(fields, family, hiddenSize), matrices }];
}

/** Of lists, the widest layer counts. */
function denseSizeOf(fields: ModelFields, { matrices }: Family, hiddenSize: number): number {
  if (Array.isArray(fields.get(...SIZE_NAMES))) {
    const size = Math.max(0, ...(fields.list(...SIZE_NAMES) ?? []).map(Number));
    if (!Number.isInteger(size) || size < 1 || size > LIMITS.feedForwardSize)
      throw fields.invalid('intermediate_size', `must be integers up to ${LIMITS.feedForwardSize}`);
    return size;
  }
  const size = fields.count(LIMITS.feedForwardSize, 'intermediate_size_mlp', ...SIZE_NAMES);
  if (size !== undefined) return size;
  if (matrices === 2) return EXPANSION * hiddenSize;
  throw fields.invalid('intermediate_size', 'is missing');
}

/** Layers with a feed-forward size, in a list of them. */
export function feedForwardLayersOf(fields: ModelFields): number {
  const listed = fields.get('intermediate_size');
  return Array.isArray(listed) ? listed.filter((size) => Number(size) > 0).length : 0;
}

function sparseLayersOf(fields: ModelFields, layers: number): number {
  const first = fields.countOrZero(LIMITS.layers, 'first_k_dense_replace') ?? 0;
  const names = ['decoder_sparse_step', 'expert_layer_period', 'interleave_moe_layer_step', 'moe_layer_freq'];
  const listed = names.some((name) => Array.isArray(fields.get(name)));
  const step = listed ? 1 : (fields.count(LIMITS.layers, ...names) ?? 1);
  const dense = fields.list('mlp_only_layers')?.length ?? 0;
  const offset = fields.countOrZero(LIMITS.layers, 'expert_layer_offset') ?? (step === 1 ? 0 : step - 1);
  let sparse = 0;
  for (let layer = first; layer < layers; layer += 1) if (layer % step === offset % step) sparse += 1;
  return Math.max(0, sparse - dense);
}

/** Experts that every token passes through. */
function sharedSizeOf(fields: ModelFields, expertSize: number): number {
  const size = fields.countOrZero(
    LIMITS.feedForwardSize,
    'shared_expert_intermediate_size',
    'moe_shared_expert_intermediate_size',
    'shared_intermediate_size',
  );
  if (size !== undefined) return size;
  const shared = fields.countOrZero(LIMITS.experts, 'n_shared_experts', 'num_shared_experts') ?? 0;
  // Llama 4 always has one.
  return (fields.get('interleave_moe_layer_step') === undefined ? shared : 1) * expertSize;
}
