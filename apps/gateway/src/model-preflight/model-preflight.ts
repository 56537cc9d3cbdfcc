/** Whether a model fits, as clients receive it. */
import type { ModelShape } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import {
  fitOf,
  InvalidModelField,
  kvBytesPerToken,
  loadOf,
  memoryOf,
  shapeOfConfig,
  shapeOfGguf,
  stateBytesPerSequence,
} from '@xerotier/model-fit';
import type { KvType, MemoryUse, WorkerGpus } from '@xerotier/model-fit';
import type { preflightModel } from '@xerotier/public-api/model-preflight';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';

type Preflight = ResponseOf<typeof preflightModel>;
type Request = BodyOf<typeof preflightModel>;
type Requirement = NonNullable<Preflight['required']>;

export interface Wishes {
  readonly contextTokens: number | undefined;
  readonly concurrency: number | undefined;
  readonly kvType: KvType | undefined;
  readonly workers: readonly WorkerGpus[];
}

/** @throws {AppError} `request.invalid`, naming the field of the configuration. */
export function requestedShapeOf({ config, gguf, weight_bytes: bytes }: Request): ModelShape {
  const weights = bytes === undefined ? undefined : ({ bytes, source: 'given' } as const);
  try {
    return gguf === undefined ? shapeOfConfig(config ?? {}, weights) : shapeOfGguf(gguf, weights);
  } catch (error) {
    if (!(error instanceof InvalidModelField)) throw error;
    const param = `${gguf === undefined ? 'config' : 'gguf'}.${error.field}`;
    throw new AppError('request.invalid', { reason: `'${param}' ${error.reason}` }, { param, cause: error });
  }
}

export function requestedWishesOf(body: Request): Wishes {
  return {
    ...{ contextTokens: body.context_tokens, concurrency: body.concurrency, kvType: body.kv_cache_type },
    workers: (body.gpus ?? []).map(({ memory_bytes: memoryBytes, count = 1, utilization }) => ({
      ...{ memoryBytes, gpus: count, utilization },
    })),
  };
}

export function publicPreflightOf(shape: ModelShape, wishes: Wishes, model: string | null): Preflight {
  const wish = { contextTokens: wishes.contextTokens, sequences: wishes.concurrency, kvType: wishes.kvType };
  const load = loadOf(shape, wish, 1);
  return {
    ...{ object: 'model.preflight', model, architecture: shape.architecture, kind: shape.kind },
    ...{ parameters: shape.parameters ?? null, quantization: shape.quantization ?? null },
    weight_source: shape.weightSource ?? null,
    ...{ context_tokens: load.contextTokens, concurrency: load.sequences },
    kv_cache: shape.kind === 'unknown' ? null : kvCacheOf(shape, load.kvType),
    required: requirementOf(memoryOf(shape, load)),
    gpus: wishes.workers.map((worker) => {
      const fit = fitOf(shape, worker, wish);
      return {
        ...{ memory_bytes: worker.memoryBytes, count: worker.gpus, tensor_parallel: fit.tensorParallel },
        ...{ available_bytes: fit.availableBytes, required: requirementOf(fit.required), fits: fit.fits ?? null },
        max_context_tokens: fit.maxContextTokens ?? null,
        max_concurrency: fit.maxSequences ?? null,
        reasons: [...fit.reasons],
      };
    }),
    warnings: shape.warnings,
  };
}

function kvCacheOf(shape: ModelShape, kvType: KvType): NonNullable<Preflight['kv_cache']> {
  const { withinWindows, beyondWindows } = kvBytesPerToken(shape, kvType);
  return {
    ...{ bytes_per_token: withinWindows, bytes_per_token_beyond_windows: beyondWindows },
    state_bytes_per_sequence: stateBytesPerSequence(shape),
  };
}

function requirementOf(use: MemoryUse | undefined): Requirement | null {
  if (use === undefined) return null;
  return {
    ...{ weight_bytes: use.weights, kv_cache_bytes: use.kvCache, state_bytes: use.state },
    ...{ activation_bytes: use.activations, runtime_bytes: use.runtime, total_bytes: use.total },
  };
}
