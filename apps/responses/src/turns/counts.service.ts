import { Injectable } from '@nestjs/common';
import type { turnsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { InferenceClient } from '@xerotier/inference';
import { LinkedImages } from '@xerotier/linked-images';
import type { ServedStream } from '@xerotier/nats';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { fieldsOf, namingField } from './part-fields.ts';
import { TurnContexts } from './turn-contexts.ts';

type Count = typeof turnsContract.operations.count;

/** Counts the input tokens of turns that are not run. */
@Injectable()
export class CountsService {
  constructor(
    private readonly contexts: TurnContexts,
    private readonly inference: InferenceClient,
    private readonly images: LinkedImages,
  ) {}

  /** @throws {AppError} as `TurnContexts.read` and `InferenceClient.count`. */
  async count(
    { call, request: body, systemPrompt }: z.output<Count['input']>,
    stream: Pick<ServedStream<Count>, 'head' | 'signal'>,
  ): Promise<{ inputTokens: number }> {
    const request = body as unknown as ResponseRequest;
    const { readable } = await this.contexts.read({ call, request, systemPrompt }, stream.signal);
    const { chat } = readable;
    const served = await this.images.inline(chat, stream.signal, fieldsOf(chat));
    try {
      const { workerId, inputTokens } = await this.inference.count(call, served, stream.signal);
      stream.head({ workerId });
      return { inputTokens };
    } catch (error) {
      throw namingField(AppError.from(error), chat);
    }
  }
}
