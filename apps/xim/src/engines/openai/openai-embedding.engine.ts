/** An OpenAI-compatible server that embeds (`/embeddings`). */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { EmbeddingEngine, EmbedJob } from '../engine.ts';
import { tokensIn, UpstreamBatchEngine } from './upstream-batches.ts';
import type { Batch, Batches } from './upstream-batches.ts';
import { readEmbeddings } from './upstream-numbers.ts';

export class OpenaiEmbeddingEngine extends UpstreamBatchEngine implements EmbeddingEngine {
  embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage> {
    return this.inBatches(batchesOf(job), signal);
  }
}

function batchesOf({ inputs, dimensions, tokensMaxOf, paramOf }: EmbedJob): Batches<Float32Array> {
  const batch = (from: number, to: number): Batch<Float32Array> => {
    // How its tokens are cut only the server knows.
    if (inputs.some((_, index) => tokensMaxOf?.(index) !== undefined)) throw cannotCut();
    const texts = inputs.slice(from, to);
    return {
      path: '/embeddings',
      // A list of one list is a list of tokens all the same. Floats are what every server has; clients get their encoding here.
      body: { input: texts, encoding_format: 'float', ...(dimensions !== undefined && { dimensions }) },
      count: texts.length,
      tokensEstimate: texts.reduce((sum, text) => sum + tokensIn(text), 0),
      // Which of several it is only the server knows.
      param: texts.length === 1 ? paramOf(from) : paramOf(to - 1).replace(/\[\d+\]$/, ''),
      read: readEmbeddings,
    };
  };
  return { count: inputs.length, batch };
}

function cannotCut(): AppError {
  const param = 'max_tokens_per_doc';
  const reason = 'this engine reads documents as a whole.';
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}
