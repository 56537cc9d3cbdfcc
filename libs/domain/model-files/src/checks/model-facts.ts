/** What the check of a model finds out about it, for the catalogue. All texts are from the upload: bounded, but not trusted. */

import type { ModelShape } from '@xerotier/contracts/router';

export interface ModelFacts {
  readonly format: 'gguf' | 'safetensors';
  /** As the file calls it: `llama` (GGUF), `LlamaForCausalLM` (safetensors). */
  readonly architecture: string;
  /** Only GGUF files have one. */
  readonly name?: string | undefined;
  /** In tokens. Not set: the files do not say. */
  readonly contextLength?: number | undefined;
  /** Sum of the elements of all tensors. In safetensors, elements of a quantized model may hold several parameters. */
  readonly parameterCount: number;
  /** As the file calls it: `Q4_K_M`, `BF16`, `awq`. */
  readonly quantization: string;
  /** At most 64 KiB. A template that passed ends for short conversations; it is still code. */
  readonly chatTemplate?: string | undefined;
  /** What decides how much memory it takes. Not set: the files say something that cannot be. */
  readonly shape?: ModelShape | undefined;
}

/** The type that most elements have. */
export function mostFrequent(elements: ReadonlyMap<string, number>): string | undefined {
  return [...elements].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** Adds elements by type. */
export function addElements(total: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [type, elements] of more) total.set(type, (total.get(type) ?? 0) + elements);
}

export function sumOf(elements: ReadonlyMap<string, number>): number {
  return [...elements.values()].reduce((sum, count) => sum + count, 0);
}

const TEXT = /^[^\p{Cc}]{1,256}$/u;

/** A text that may be shown; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && TEXT.test(value) ? value : undefined;
}

/** A positive count; undefined for anything else. */
export function countOf(value: unknown): number | undefined {
  const count = typeof value === 'bigint' ? Number(value) : value;
  return Number.isSafeInteger(count) && (count as number) > 0 ? (count as number) : undefined;
}
