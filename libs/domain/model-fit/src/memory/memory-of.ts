/**
 * What a model takes on each of the GPUs that share it:
 *
 *     weights      bytes of all tensors / GPUs; every expert is resident
 *     KV cache     sequences x sum over layers of: tokens x KV heads x (key + value elements) x element bytes
 *                  tokens: those of the context, or of the window of the layer, in whole blocks
 *                  KV heads: those of the GPU; with more GPUs than heads, each GPU has one
 *                  latent attention: tokens x (rank + rotary elements) x element bytes, on every GPU
 *     state        sequences x bytes of the recurrent states / GPUs, whatever the context
 *     activations  tokens of a step x (4 x hidden + 2 x feed-forward / GPUs) x 2 bytes, and logits of each sequence
 *     runtime      a constant per GPU
 *
 * Sources: vLLM's documentation of its KV cache (paged blocks, and the design of its hybrid cache manager) and of
 * `gpu_memory_utilization`; the papers on PagedAttention (arXiv 2309.06180), grouped-query attention (2305.13245), multi-head latent
 * attention (DeepSeek-V2, 2405.04434) and Mamba-2 (2405.21060). The numbers of activations and runtime are assumptions.
 */
import type { LayerCache, ModelShape } from '@xerotier/contracts/router';
import { bounded } from '../shape/limits.ts';
import { sumOf } from '../shape/parameter-count.ts';

/** Tokens of a block of the KV cache: vLLM's default. */
const BLOCK_TOKENS = 16;
/** Tokens that an engine computes in one step: vLLM's `max_num_batched_tokens` for a server on a large GPU. */
export const STEP_TOKENS = 8_192;
/** Vectors of the hidden size that are alive at a time in a layer: residual, normalized, and input and output of a matrix. */
const HIDDEN_VECTORS = 4;
/** The outputs of gate and projection. */
const FEED_FORWARD_VECTORS = 2;
const ACTIVATION_ELEMENT_BYTES = 2;
/** Logits and their sorted copy, in float32. */
const LOGIT_BYTES = 8;
/** The context of the driver, kernels, communication buffers and captured graphs, per GPU. */
export const RUNTIME_BYTES = 2 ** 30;

export type KvType = 'auto' | 'fp8';
/** `auto` is the type of the activations. */
const KV_ELEMENT_BYTES: Readonly<Record<KvType, number>> = { auto: 2, fp8: 1 };

export interface Load {
  readonly contextTokens: number;
  /** Sequences with a context of that size at the same time. */
  readonly sequences: number;
  readonly kvType: KvType;
  /** GPUs that share the model. */
  readonly tensorParallel: number;
}

/** Bytes on each GPU. */
export interface MemoryUse {
  readonly weights: number;
  readonly kvCache: number;
  readonly state: number;
  readonly activations: number;
  readonly runtime: number;
  readonly total: number;
}

/** @returns undefined if the size of the weights is not known. */
export function memoryOf(shape: ModelShape, load: Load): MemoryUse | undefined {
  if (shape.weightBytes === undefined) return undefined;
  const { sequences, tensorParallel } = load;
  const weights = shape.weightBytes / tensorParallel;
  const kvCache = sequences * sumOf(shape.caches, (cache) => kvBytesOf(cache, load));
  const state = (sequences * stateBytesPerSequence(shape)) / tensorParallel;
  const activations = activationBytes(shape, load);
  const parts = { weights, kvCache, state, activations, runtime: RUNTIME_BYTES };
  const total = weights + kvCache + state + activations + RUNTIME_BYTES;
  const entries = Object.entries({ ...parts, total }).map(([name, bytes]) => [name, bounded(bytes)]);
  return Object.fromEntries(entries) as MemoryUse;
}

/** Bytes that one more token takes on all GPUs together: while it is in every window, and beyond all of them. */
export function kvBytesPerToken(shape: ModelShape, kvType: KvType): { withinWindows: number; beyondWindows: number } {
  const bytesOf = (caches: readonly LayerCache[]): number =>
    bounded(sumOf(caches, (cache) => elementsPerToken(cache, 1)) * KV_ELEMENT_BYTES[kvType]);
  const unlimited = shape.caches.filter((cache) => cache.kind !== 'attention' || cache.window === undefined);
  return { withinWindows: bytesOf(shape.caches), beyondWindows: bytesOf(unlimited) };
}

/** Whatever the context. */
export function stateBytesPerSequence({ caches }: ModelShape): number {
  return bounded(sumOf(caches, (cache) => (cache.kind === 'state' ? cache.layers * cache.bytes : 0)));
}

function kvBytesOf(cache: LayerCache, { contextTokens, kvType, tensorParallel }: Load): number {
  const window = cache.kind === 'attention' ? cache.window : undefined;
  return heldTokens(contextTokens, window) * elementsPerToken(cache, tensorParallel) * KV_ELEMENT_BYTES[kvType];
}

/** Of one token on one GPU, all layers together. */
function elementsPerToken(cache: LayerCache, tensorParallel: number): number {
  switch (cache.kind) {
    case 'attention':
      return cache.layers * Math.ceil(cache.kvHeads / tensorParallel) * (cache.keySize + cache.valueSize);
    case 'latent':
      return cache.layers * cache.elements;
    case 'state':
      return 0;
  }
}

/** In whole blocks. A window that moves on begins within a block. */
function heldTokens(contextTokens: number, window: number | undefined): number {
  const blocks = Math.ceil(contextTokens / BLOCK_TOKENS);
  if (window === undefined) return blocks * BLOCK_TOKENS;
  return Math.min(blocks, Math.ceil(window / BLOCK_TOKENS) + 1) * BLOCK_TOKENS;
}

function activationBytes(shape: ModelShape, { sequences, tensorParallel }: Load): number {
  const { hiddenSize = 0, feedForwardSize = 0, vocabularySize = 0, kind } = shape;
  const vectors = HIDDEN_VECTORS * hiddenSize + (FEED_FORWARD_VECTORS * feedForwardSize) / tensorParallel;
  const logits = kind === 'decoder' ? sequences * vocabularySize * LOGIT_BYTES : 0;
  return STEP_TOKENS * vectors * ACTIVATION_ELEMENT_BYTES + logits;
}
