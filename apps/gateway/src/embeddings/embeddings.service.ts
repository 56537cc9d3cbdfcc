import { Injectable } from '@nestjs/common';
import type { EmbeddingRequest } from '@xerotier/contracts';
import { InferenceClient } from '@xerotier/inference';
import { answerHeaders } from '../chat-completions/answer-headers.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { originOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { embeddingAnswer } from './embedding-answer.ts';

@Injectable()
export class EmbeddingsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
  ) {}

  /** @throws {AppError} what the inference throws; `inference.cancelled` once the signal is aborted. */
  async answer(
    caller: Caller,
    { input, dimensions, encoding_format: format }: EmbeddingRequest,
    signal: AbortSignal,
  ): Promise<{ headers: Record<string, string>; text: string }> {
    const { modelId } = caller.endpoint;
    const [model, { head, values, usage }] = await Promise.all([
      this.models.get(modelId),
      this.inference.embed({ ...originOf(caller), embedding: { inputs: input, dimensions } }, signal),
    ]);
    const text = await embeddingAnswer({ model: model?.name ?? modelId, vectors: values, format, usage });
    return { headers: answerHeaders(head), text };
  }
}
