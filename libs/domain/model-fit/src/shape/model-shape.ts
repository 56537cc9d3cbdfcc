/** From the fields of a configuration, in the names of transformers, to the shape that memory is computed from. */
import type { ModelShape } from '@xerotier/contracts/router';
import { cachesOf } from './caches.ts';
import type { Family } from './families.ts';
import { feedForwardsOf } from './feed-forwards.ts';
import type { Hyperparameters, Mixer } from './hyperparameters.ts';
import { layerKindsOf } from './layer-kinds.ts';
import { bounded, LIMITS } from './limits.ts';
import { mixersOf } from './mixers.ts';
import type { ModelFields } from './model-fields.ts';

/** The weights, as far as they are known. */
export interface KnownWeights {
  readonly bytes: number;
  /** The headers of the files, their sizes, or somebody's word. */
  readonly source: 'tensors' | 'files' | 'given';
  /** Only the headers of files without quantization say it. */
  readonly parameters?: number | undefined;
}

interface Parts {
  readonly architecture: string;
  readonly family: Family;
  readonly visionParameters: number;
  readonly isTied: boolean;
  readonly vocabularySize: number;
}

/** @throws {InvalidModelField} */
export function hyperparametersOf(fields: ModelFields, parts: Parts): Hyperparameters {
  const { family } = parts;
  const hiddenSize = fields.requiredCount(LIMITS.hiddenSize, 'hidden_size', 'n_embd', 'd_model', 'dim');
  const layers = fields.requiredCount(LIMITS.layers, 'num_hidden_layers', 'n_layer', 'num_layers', 'n_layers');
  const contextTokens = fields.count(
    LIMITS.contextTokens,
    'max_position_embeddings',
    'n_positions',
    'n_ctx',
    'max_seq_len',
  );
  const heads = family.isAttentionFree === true ? undefined : headsOf(fields);
  const kinds = layerKindsOf(fields, family, layers);
  const mixers = mixersOf(fields, family, kinds, { hiddenSize, heads: heads ?? 1 });
  return {
    ...{ architecture: parts.architecture, kind: family.kind, hiddenSize, contextTokens, mixers },
    heads: heads ?? headsOfState(mixers),
    ...{ vocabularySize: parts.vocabularySize, isTied: parts.isTied, visionParameters: parts.visionParameters },
    positions: family.hasPositions === true ? (contextTokens ?? 0) : 0,
    feedForwards: feedForwardsOf(fields, family, kinds, hiddenSize),
  };
}

export function shapeFrom(
  model: Hyperparameters,
  totals: { readonly parameters: number } & Pick<
    ModelShape,
    'weightBytes' | 'weightSource' | 'quantization' | 'warnings'
  >,
): ModelShape {
  const { architecture, kind, heads, hiddenSize, vocabularySize, contextTokens, feedForwards } = model;
  const widths = feedForwards.map(({ size, experts }) =>
    experts === undefined ? size : experts.active * size + experts.sharedSize,
  );
  const experts = feedForwards.find((layer) => layer.experts !== undefined)?.experts;
  return {
    ...{ architecture, kind, heads, hiddenSize, vocabularySize },
    ...(widths.length > 0 && { feedForwardSize: bounded(Math.max(...widths)) }),
    ...(contextTokens !== undefined && { contextTokens }),
    caches: kind === 'encoder' ? [] : cachesOf(model.mixers),
    ...(experts !== undefined && { experts: { count: experts.count, active: experts.active } }),
    ...{ ...totals, parameters: bounded(totals.parameters) },
  };
}

/** Of an architecture that is not known: its weights are all that is. */
export function unknownShape(architecture: string, weights?: KnownWeights): ModelShape {
  return {
    ...{ architecture, kind: 'unknown', caches: [] },
    ...(weights !== undefined && { weightBytes: weights.bytes, weightSource: weights.source }),
    ...(weights?.parameters !== undefined && { parameters: weights.parameters }),
    warnings: ['The architecture is not known: only the size of the weights is taken into account.'],
  };
}

function headsOf(fields: ModelFields): number {
  const names = ['num_attention_heads', 'n_head', 'n_heads'] as const;
  // One number per layer, in GGUF files of models whose layers differ.
  if (!Array.isArray(fields.get(...names))) return fields.requiredCount(LIMITS.heads, ...names);
  const heads = Math.max(0, ...(fields.list(...names) ?? []).map(Number));
  if (!Number.isInteger(heads) || heads < 1 || heads > LIMITS.heads)
    throw fields.invalid(names[0], `must be integers up to ${LIMITS.heads}`);
  return heads;
}

/** What GPUs share among them in a model without attention. */
function headsOfState([mixer]: readonly Mixer[]): number {
  return mixer?.kind === 'mamba2' ? mixer.heads : mixer?.kind === 'mamba' ? Math.min(mixer.innerSize, LIMITS.heads) : 1;
}
