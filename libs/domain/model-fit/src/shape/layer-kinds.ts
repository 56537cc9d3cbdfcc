/** Which layers see the whole context, a window of it, or keep a state instead. */
import type { Family } from './families.ts';
import { LIMITS } from './limits.ts';
import type { ModelFields } from './model-fields.ts';

export interface LayerKinds {
  readonly full: number;
  readonly windowed: number;
  readonly recurrent: number;
  /** Layers that are a feed-forward layer alone, in models that count them so. */
  readonly feedForwardOnly?: number;
}

type Kind = keyof LayerKinds;

/** Names in `layer_types` and `layers_block_type`, and what a list of `sliding_window_pattern` has. */
const KINDS: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ['full_attention', 'full'],
  ['attention', 'full'],
  ['sliding_attention', 'windowed'],
  ['chunked_attention', 'windowed'],
  ['linear_attention', 'recurrent'],
  ['mamba', 'recurrent'],
  [true, 'windowed'],
  [false, 'full'],
]);

/** Letters of `hybrid_override_pattern`, of which each is a layer. */
const LETTERS: ReadonlyMap<unknown, Kind> = new Map([
  ['*', 'full'],
  ['M', 'recurrent'],
  ['-', 'feedForwardOnly'],
  ['E', 'feedForwardOnly'],
]);

/** @throws {InvalidModelField} */
export function layerKindsOf(fields: ModelFields, family: Family, layers: number): LayerKinds {
  if (family.isAttentionFree === true) return { full: 0, windowed: 0, recurrent: layers };
  const letters = fields.get('hybrid_override_pattern');
  if (letters !== undefined) {
    if (typeof letters !== 'string' || letters.length > LIMITS.layers)
      throw fields.invalid('hybrid_override_pattern', `must be a text of at most ${LIMITS.layers} characters`);
    return countKinds(fields, 'hybrid_override_pattern', [...letters], LETTERS, layers);
  }
  for (const name of ['layer_types', 'layers_block_type']) {
    const listed = fields.list(name);
    if (listed !== undefined) return countKinds(fields, name, listed, KINDS, layers);
  }
  if (Array.isArray(fields.get('sliding_window_pattern'))) {
    const listed = fields.list('sliding_window_pattern') as readonly unknown[];
    return countKinds(fields, 'sliding_window_pattern', listed, KINDS, layers);
  }
  return family.recurrent === undefined ? windowsOf(fields, family, layers) : recurrentOf(fields, layers);
}

function countKinds(
  fields: ModelFields,
  name: string,
  listed: readonly unknown[],
  kinds: ReadonlyMap<unknown, Kind>,
  layers: number,
): LayerKinds {
  if (listed.length !== layers) throw fields.invalid(name, `must name ${layers} layers, as many as there are`);
  const counts = { full: 0, windowed: 0, recurrent: 0, feedForwardOnly: 0 };
  for (const each of listed) {
    const kind = kinds.get(each);
    if (kind === undefined) throw fields.invalid(name, 'names a kind of layer that is not known');
    counts[kind] += 1;
  }
  return counts;
}

function windowsOf(fields: ModelFields, { windows }: Family, layers: number): LayerKinds {
  // Qwen sets the size without using it.
  if (fields.get('use_sliding_window') === false) return { full: layers, windowed: 0, recurrent: 0 };
  if (fields.get('use_sliding_window') === true) {
    const first = fields.countOrZero(LIMITS.layers, 'max_window_layers') ?? 0;
    const windowed = Math.max(0, layers - first);
    return { full: layers - windowed, windowed, recurrent: 0 };
  }
  if (windows === undefined) return { full: layers, windowed: 0, recurrent: 0 };
  if (windows === 'all') return { full: 0, windowed: layers, recurrent: 0 };
  const interval = fields.count(LIMITS.layers, 'sliding_window_pattern') ?? windows;
  const full = Math.floor(layers / interval);
  return { full, windowed: layers - full, recurrent: 0 };
}

/** Each n-th layer has attention, from an offset on. */
function recurrentOf(fields: ModelFields, layers: number): LayerKinds {
  const interval = fields.count(LIMITS.layers, 'full_attention_interval', 'attn_layer_period') ?? 4;
  const offset =
    fields.countOrZero(LIMITS.layers, 'attn_layer_offset') ??
    (fields.get('attn_layer_offset') === 0 ? 0 : interval - 1);
  const full = offset >= layers ? 0 : Math.ceil((layers - offset) / interval);
  return { full, windowed: 0, recurrent: layers - full };
}
