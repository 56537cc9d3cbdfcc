import { Injectable } from '@nestjs/common';
import type { EmbeddingRequest } from '@xerotier/public-api/embeddings';
import { estimateTokens, InferenceClient, maxTokens } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';
import { responseHeaders } from '../requests/response-headers.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import { lineOf } from '../requests/batch-line.ts';
import { trackedContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';
import { embeddingResponse } from './embedding-response.ts';

@Injectable()
export class EmbeddingsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
    private readonly limits: RateLimitsService,
  ) {}

  /** @throws {AppError} `limits.*`; errors of the inference; `inference.cancelled` if the client disconnects. */
  async respond(
    caller: Caller,
    { input, dimensions, encoding_format: format }: EmbeddingRequest,
    response: ServerResponse,
  ): Promise<{ headers: Record<string, string>; text: string }> {
    const { modelId } = caller.endpoint;
    const charge = await admitOrReject(
      this.limits,
      caller,
      { promptTokens: estimateTokens(input), promptTokensMax: () => maxTokens(input), completionTokens: 0 },
      response,
    );
    const [model, { head, values, usage, inputTokens }] = await Promise.all([
      this.models.get(modelId),
      this.inference.embed(
        { ...trackedContextOf(caller, response, charge), embedding: { inputs: input, dimensions } },
        disconnectSignal(response),
      ),
    ]);
    if (inputTokens !== undefined) lineOf(response.req)?.counted(inputTokens);
    const text = await embeddingResponse({ model: model?.name ?? modelId, vectors: values, format, usage });
    return { headers: responseHeaders(head, response), text };
  }
}
