/** Whether a model fits the GPUs of one worker, and what it can do there. */
import type { ModelShape } from '@xerotier/contracts/router';
import { gib } from './gib.ts';
import { memoryOf } from './memory-of.ts';
import type { KvType, Load, MemoryUse } from './memory-of.ts';

/** Of memory that a process takes, so that others find some: what workers tell vLLM. */
export const UTILIZATION_DEFAULT = 0.9;
/** No more sequences at the same time are looked for: vLLM's default for large GPUs. */
export const SEQUENCES_MAX = 1_024;
/** The context of a model whose configuration has none. */
const CONTEXT_DEFAULT = 4_096;

export interface WorkerGpus {
  /** Of one GPU. */
  readonly memoryBytes: number;
  readonly gpus: number;
  /** Default: 0.9. */
  readonly utilization?: number | undefined;
}

export interface Wish {
  /** Default: the context of the model, which an engine is started with. */
  readonly contextTokens?: number | undefined;
  /** Sequences of that size at the same time. Default: 1. */
  readonly sequences?: number | undefined;
  readonly kvType?: KvType | undefined;
}

export interface Fit {
  /** Undefined if the size of the weights is not known. Of an architecture that is not known, only the weights are compared. */
  readonly fits: boolean | undefined;
  /** GPUs that can share the model, of those that are there. */
  readonly tensorParallel: number;
  /** What may be taken of each of them. */
  readonly availableBytes: number;
  /** Of each of them, for what is wished. */
  readonly required: MemoryUse | undefined;
  /** For one sequence; at most what the model is made for. 0 if not even the weights fit, undefined if unknown. */
  readonly maxContextTokens: number | undefined;
  /** Sequences with the wished context, at most 1,024. Undefined if unknown, or an encoder. */
  readonly maxSequences: number | undefined;
  /** Sentences with numbers, for people. */
  readonly reasons: readonly string[];
}

/** The load that is meant, with the defaults for this model. */
export function loadOf(shape: ModelShape, wish: Wish, tensorParallel: number): Load {
  return {
    contextTokens: wish.contextTokens ?? shape.contextTokens ?? CONTEXT_DEFAULT,
    ...{ sequences: wish.sequences ?? 1, kvType: wish.kvType ?? 'auto', tensorParallel },
  };
}

export function fitOf(shape: ModelShape, worker: WorkerGpus, wish: Wish = {}): Fit {
  const tensorParallel = gpusToShare(shape, worker.gpus);
  const availableBytes = Math.floor(worker.memoryBytes * (worker.utilization ?? UTILIZATION_DEFAULT));
  const load = loadOf(shape, wish, tensorParallel);
  const required = memoryOf(shape, load);
  const holds = (other: Partial<Load>): boolean =>
    (memoryOf(shape, { ...load, ...other })?.total ?? Infinity) <= availableBytes;
  const limits = limitsOf(shape, load, holds);
  const withinContext = load.contextTokens <= (shape.contextTokens ?? Infinity);
  const fits = required === undefined ? undefined : required.total <= availableBytes && withinContext;
  const result = { fits, tensorParallel, availableBytes, required, ...limits };
  return { ...result, reasons: reasonsOf(shape, worker, load, result) };
}

/** Engines give each GPU the same number of attention heads. */
function gpusToShare({ heads, kind }: ModelShape, gpus: number): number {
  if (kind === 'unknown' || heads === undefined) return gpus;
  let shared = Math.min(gpus, heads);
  while (heads % shared !== 0) shared -= 1;
  return shared;
}

type Limits = Pick<Fit, 'maxContextTokens' | 'maxSequences'>;

function limitsOf(shape: ModelShape, load: Load, holds: (other: Partial<Load>) => boolean): Limits {
  if (shape.kind === 'unknown' || shape.weightBytes === undefined)
    return { maxContextTokens: undefined, maxSequences: undefined };
  const contextMax = shape.contextTokens ?? load.contextTokens;
  const maxContextTokens = largest(contextMax, (contextTokens) => holds({ contextTokens, sequences: 1 }));
  // An encoder computes one batch after the other, of a size that does not depend on how many wait.
  if (shape.kind === 'encoder') return { maxContextTokens, maxSequences: undefined };
  return { maxContextTokens, maxSequences: largest(SEQUENCES_MAX, (sequences) => holds({ sequences })) };
}

/** The largest number up to a bound for which a claim holds that holds for all smaller ones too; 0 if for none. */
function largest(max: number, holds: (count: number) => boolean): number {
  let [low, high] = [0, max];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function reasonsOf(
  shape: ModelShape,
  { gpus, memoryBytes }: WorkerGpus,
  load: Load,
  fit: Omit<Fit, 'reasons'>,
): string[] {
  const { required, availableBytes, tensorParallel } = fit;
  if (required === undefined || shape.weightBytes === undefined)
    return ['The size of the weights is not known: give `weight_bytes`.'];
  const reasons: string[] = [];
  const available = availableBytes * tensorParallel;
  const has = `the worker has ${gib(available)} of ${gib(memoryBytes * gpus)}`;
  if (tensorParallel < gpus)
    reasons.push(`${shape.heads} attention heads cannot be divided among ${gpus} GPUs: ${tensorParallel} are used.`);
  if (load.contextTokens > (shape.contextTokens ?? Infinity))
    reasons.push(`The model has a context of ${shape.contextTokens} tokens, not of ${load.contextTokens}.`);
  if (required.weights > availableBytes) reasons.push(`Needs ${gib(shape.weightBytes)} for weights; ${has}.`);
  else if (required.total <= availableBytes) reasons.push(`Needs ${gib(required.total * tensorParallel)}; ${has}.`);
  else reasons.push(missing(load, required, tensorParallel, has), ...alternative(fit));
  return reasons;
}

function missing({ contextTokens, sequences }: Load, use: MemoryUse, gpus: number, has: string): string {
  const of = (bytes: number): string => gib(bytes * gpus);
  const cache = `${of(use.kvCache + use.state)} for the cache of ${sequences} x ${contextTokens} tokens`;
  const rest = `${of(use.activations + use.runtime)} for activations and the runtime`;
  return `Needs ${of(use.weights)} for weights, ${cache}, and ${rest}; ${has}.`;
}

function alternative({ maxContextTokens, maxSequences }: Limits): string[] {
  if (maxSequences !== undefined && maxSequences > 0) return [`${maxSequences} sequences of this context fit.`];
  if (maxContextTokens !== undefined && maxContextTokens > 0)
    return [`One sequence of ${maxContextTokens} tokens fits.`];
  return [];
}
