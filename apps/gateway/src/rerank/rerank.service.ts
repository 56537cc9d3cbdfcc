/** Scores documents: sorted by relevance (`rerank`, as Cohere, Jina and vLLM), or in order (`score`, as vLLM). */
import { Injectable } from '@nestjs/common';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { RerankRequest, ScoreRequest } from '@xerotier/public-api/reranking';
import { AppError } from '@xerotier/errors';
import { estimateTokens, InferenceClient, maxTokens } from '@xerotier/inference';
import type { Numbers } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';
import { responseHeaders } from '../requests/response-headers.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import { trackedContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';

/** What the template of a reranker puts around a query and a document. */
const PAIR_TOKENS_MAX = 256;

export interface ScoredResponse {
  readonly headers: Record<string, string>;
  readonly body: object;
}

interface Texts {
  readonly queries: string[];
  readonly documents: string[];
  readonly documentTokensMax?: number | undefined;
  /** The names of the two parameters in the request. */
  readonly names: readonly [queries: string, documents: string];
}

@Injectable()
export class RerankService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
    private readonly limits: RateLimitsService,
  ) {}

  /** @throws {AppError} `limits.*`; errors of the inference; `inference.cancelled` if the client disconnects. */
  async rerank(caller: Caller, request: RerankRequest, response: ServerResponse): Promise<ScoredResponse> {
    const { query, documents, top_n: topN, return_documents: withDocuments } = request;
    const texts: Texts = {
      queries: [query],
      documents,
      documentTokensMax: request.max_tokens_per_doc ?? undefined,
      names: ['query', 'documents'],
    };
    const { head, values, usage } = await this.#scores(caller, 'rerank', texts, response);
    const results = values
      .map((score, index) => ({
        index,
        relevance_score: score,
        ...(withDocuments && { document: { text: documents[index] } }),
      }))
      .toSorted((a, b) => b.relevance_score - a.relevance_score)
      .slice(0, topN ?? documents.length);
    const body = { id: idOf('rerank', caller), model: await this.#nameOf(caller), results, usage: publicUsage(usage) };
    return { headers: responseHeaders(head, response), body };
  }

  /** @throws {AppError} as `rerank`. */
  async score(caller: Caller, request: ScoreRequest, response: ServerResponse): Promise<ScoredResponse> {
    const { head, values, usage } = await this.#scores(caller, 'score', request, response);
    const body = {
      id: idOf('score', caller),
      object: 'list',
      created: Math.floor(Date.now() / 1_000),
      model: await this.#nameOf(caller),
      data: values.map((score, index) => ({ index, object: 'score', score })),
      usage: publicUsage(usage),
    };
    return { headers: responseHeaders(head, response), body };
  }

  async #scores(
    caller: Caller,
    kind: 'rerank' | 'score',
    { queries, documents, documentTokensMax, names }: Texts,
    response: ServerResponse,
  ): Promise<Numbers<number>> {
    const promptTokens = estimateTokens(queries) + estimateTokens(documents);
    // Each pair of a query and a document is a prompt of its own.
    const pairs = Math.max(queries.length, documents.length);
    const promptTokensMax = (): number =>
      maxTokens(documents) + maxTokens(queries) * Math.ceil(pairs / queries.length) + pairs * PAIR_TOKENS_MAX;
    const charge = await admitOrReject(
      this.limits,
      caller,
      { promptTokens, promptTokensMax, completionTokens: 0 },
      response,
    );
    try {
      return await this.inference.rank(
        { ...trackedContextOf(caller, response, charge), kind, ranking: { queries, documents, documentTokensMax } },
        disconnectSignal(response),
      );
    } catch (error) {
      throw withClientNames(error, { queries, documents, names });
    }
  }

  async #nameOf({ endpoint: { modelId } }: Caller): Promise<string> {
    return (await this.models.get(modelId))?.name ?? modelId;
  }
}

function idOf(kind: string, { requestId }: Caller): string {
  return `${kind}-${requestId.slice(requestId.indexOf('_') + 1)}`;
}

function publicUsage({ promptTokens }: TokenUsage): object {
  return { prompt_tokens: promptTokens, total_tokens: promptTokens };
}

/** Replaces `queries[i]` and `documents[i]` in errors of workers by the names in the request. */
function withClientNames(error: unknown, { queries, documents, names }: Texts): unknown {
  if (!AppError.is(error)) return error;
  const [whole, side, index] = /^(queries|documents)(?:\[(\d+)\])?$/.exec(error.param ?? '') ?? [];
  if (whole === undefined) return error;
  const [name, count] = side === 'queries' ? [names[0], queries.length] : [names[1], documents.length];
  const param = count === 1 || index === undefined ? name : `${name}[${index}]`;
  const details: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error.details))
    details[key] = typeof value === 'string' ? value.replaceAll(whole, param) : value;
  return new AppError(error.code, details, { param, cause: error });
}
