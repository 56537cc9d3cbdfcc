/** Embeddings of an OpenAI-compatible server (`/embeddings`). */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { EmbeddingEngine, EmbedJob } from '../engine.ts';
import { estimateInputTokens, UpstreamBatchEngine } from './upstream-batches.ts';
import type { Batch, Batches } from './upstream-batches.ts';
import { readEmbeddings } from './upstream-numbers.ts';

export class OpenaiEmbeddingEngine extends UpstreamBatchEngine implements EmbeddingEngine {
  embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage> {
    return this.inBatches(batchesOf(job), signal);
  }
}

function batchesOf({ inputs, dimensions, tokensMaxOf, paramOf }: EmbedJob): Batches<Float32Array> {
  const batch = (from: number, to: number): Batch<Float32Array> => {
    // Only the server can tokenize and truncate an input.
    if (inputs.some((_, index) => tokensMaxOf?.(index) !== undefined)) throw truncationUnsupported();
    const texts = inputs.slice(from, to);
    return {
      path: '/embeddings',
      // Even a single list of tokens is sent as a list of lists. Every server supports floats; the gateway encodes them for clients.
      body: { input: texts, encoding_format: 'float', ...(dimensions !== undefined && { dimensions }) },
      count: texts.length,
      tokensEstimate: texts.reduce((sum, text) => sum + estimateInputTokens(text), 0),
      // For several inputs, only the server knows which one is invalid.
      param: texts.length === 1 ? paramOf(from) : paramOf(to - 1).replace(/\[\d+\]$/, ''),
      read: readEmbeddings,
    };
  };
  return { count: inputs.length, batch };
}

function truncationUnsupported(): AppError {
  const param = 'max_tokens_per_doc';
  const reason = 'the engine of this model cannot truncate documents.';
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}
