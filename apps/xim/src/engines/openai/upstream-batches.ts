/**
 * Sends texts to a server in batches, so that responses stay small and a job can be aborted between two batches. The results of
 * each batch are yielded immediately.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { inputTooLong } from '../embedding-rules.ts';
import { isBatchTooLarge } from './upstream-batch.ts';
import { UpstreamEngine } from './upstream-engine.ts';
import { estimateTokens } from './token-counter.ts';
import type { UpstreamNumbers } from './upstream-numbers.ts';

const RESPONSE_BYTES_MAX = 64 * 2 ** 20;
/** Maximum texts per batch, unless the server accepts fewer. */
const BATCH_SIZE_MAX = 256;

/** A request to the server for some of the texts. */
export interface Batch<T> {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly tokensEstimate: number;
  /** The `param` of errors about the context length. */
  readonly param: string;
  readonly read: (response: unknown, count: number, tokensEstimate: number) => UpstreamNumbers<T>;
}

/** All texts of a job. */
export interface Batches<T> {
  readonly count: number;
  /** Returns the batch of the texts from one index (inclusive) to another (exclusive). */
  readonly batch: (from: number, to: number) => Batch<T>;
}

export abstract class UpstreamBatchEngine extends UpstreamEngine {
  /** Lowered permanently when the server rejects a batch of this size. */
  #batchSize = BATCH_SIZE_MAX;

  /** Adapts the requests to an error of the server. @returns whether the batch should be retried. */
  protected adaptTo(_error: unknown): boolean {
    return false;
  }

  protected async *inBatches<T>(
    { count, batch: batchOf }: Batches<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, TokenUsage> {
    const usage = emptyUsage();
    const either = AbortSignal.any([signal, this.closing]);
    for (let from = 0; from < count;) {
      if (signal.aborted) return usage;
      const batch = batchOf(from, Math.min(from + this.#batchSize, count));
      let numbers: UpstreamNumbers<T>;
      try {
        numbers = await this.#send(batch, either);
      } catch (error) {
        if (signal.aborted) return usage;
        if (batch.count > 1 && isBatchTooLarge(error)) {
          // Another request may have lowered it further meanwhile.
          this.#batchSize = Math.min(this.#batchSize, Math.ceil(batch.count / 2));
          continue;
        }
        if (this.adaptTo(error)) continue;
        throw this.#failure(error, batch, usage);
      }
      usage.promptTokens += numbers.usage.promptTokens;
      usage.cachedTokens += numbers.usage.cachedTokens;
      yield* numbers.values;
      from += batch.count;
    }
    return usage;
  }

  async #send<T>(batch: Batch<T>, signal: AbortSignal): Promise<UpstreamNumbers<T>> {
    const response = await this.client.send({
      method: 'POST',
      path: batch.path,
      body: { model: this.modelName, ...batch.body },
      accept: 'application/json',
      signal,
      headersTimeoutMs: this.config.responseTimeoutMs,
      idleTimeoutMs: this.config.idleTimeoutMs,
    });
    const json = await this.client.readJson(response, RESPONSE_BYTES_MAX, signal);
    return batch.read(json, batch.count, batch.tokensEstimate);
  }

  #failure<T>(error: unknown, { param }: Batch<T>, usage: TokenUsage): AppError {
    if (this.closing.aborted) return new AppError('worker.draining', { usage });
    const failure = AppError.is(error) ? error : new AppError('inference.engine_failed', {}, { cause: error });
    if (failure.code === 'inference.context_length_exceeded') {
      const { promptTokens, contextTokens } = failure.details;
      return inputTooLong(param, Number(promptTokens), Number(contextTokens), usage);
    }
    const { retryAfterSeconds } = failure;
    return new AppError(
      failure.code,
      { ...failure.details, usage },
      {
        cause: failure.cause,
        ...(failure.code === 'inference.prompt_too_long' && { param }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      },
    );
  }
}

/** Estimates the tokens of an input, for servers that do not report the usage. */
export function estimateInputTokens(text: string | readonly number[]): number {
  return typeof text === 'string' ? estimateTokens(text.length) : text.length;
}
