/** Scores of a reranking server: `/rerank` for one query and `/score` for pairs, as in vLLM. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { RankEngine, RankJob } from '../engine.ts';
import { estimateInputTokens, UpstreamBatchEngine } from './upstream-batches.ts';
import type { Batch, Batches } from './upstream-batches.ts';
import { readScores } from './upstream-numbers.ts';

export class OpenaiRankEngine extends UpstreamBatchEngine implements RankEngine {
  /** TEI calls the documents `texts`. */
  #documentsField: 'documents' | 'texts' = 'documents';

  rank(job: RankJob, signal: AbortSignal): AsyncGenerator<number, TokenUsage> {
    return this.inBatches(this.#batchesOf(job), signal);
  }

  protected override adaptTo(error: unknown): boolean {
    if (this.#documentsField === 'texts' || !requiresTexts(error)) return false;
    this.#documentsField = 'texts';
    return true;
  }

  #batchesOf({ queries, documents, documentTokensMax }: RankJob): Batches<number> {
    const [query = ''] = queries;
    const batch = (from: number, to: number): Batch<number> => {
      const texts = documents.slice(from, to);
      const pairs = queries.length === 1 ? undefined : queries.slice(from, to);
      const common = {
        count: texts.length,
        tokensEstimate: [...(pairs ?? texts.map(() => query)), ...texts].reduce(
          (sum, text) => sum + estimateInputTokens(text),
          0,
        ),
        param: 'documents',
        read: readScores,
      };
      if (pairs !== undefined) return { ...common, path: '/score', body: { text_1: pairs, text_2: texts } };
      const truncation = documentTokensMax !== undefined && { max_tokens_per_doc: documentTokensMax };
      return { ...common, path: '/rerank', body: { query, [this.#documentsField]: texts, ...truncation } };
    };
    return { count: documents.length, batch };
  }
}

function requiresTexts(error: unknown): boolean {
  return (
    AppError.is(error) &&
    error.code === 'inference.upstream_rejected' &&
    /missing field `texts`/.test(String(error.details['reason']))
  );
}
