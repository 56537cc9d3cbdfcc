import { Injectable } from '@nestjs/common';
import { batchLinesContract } from '@xerotier/contracts/gateway';
import { AppError } from '@xerotier/errors';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { AccessService } from '../access/access.service.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { BatchLines } from './batch-lines.service.ts';

const { respond, findUnknownModels } = batchLinesContract.operations;

/** Small enough for a frame. */
const CHUNK_BYTES = 256 * 1_024;

/** Lines of batches, for the batch service. */
@Injectable()
export class BatchLinesHandlers {
  constructor(
    private readonly lines: BatchLines,
    private readonly access: AccessService,
    private readonly models: ModelDirectory,
  ) {}

  @Serves(findUnknownModels)
  async findUnknownModels({
    projectId,
    keyId,
    models,
  }: z.output<typeof findUnknownModels.input>): Promise<z.input<typeof findUnknownModels.output>> {
    const key = { id: keyId };
    const request = { key, projectId, endpointSlug: undefined, scope: 'inference', clientAddress: '' } as const;
    const { endpoints } = await this.access.authorize(request);
    const unknown: string[] = [];
    for (const model of models) {
      try {
        await this.models.endpointFor(model, endpoints, []);
      } catch (error) {
        if (AppError.from(error).code === 'model.not_found') unknown.push(model);
        else throw error;
      }
    }
    return { unknown };
  }

  @Serves(respond)
  async respond(
    input: z.output<typeof respond.input>,
    stream: ServedStream<typeof respond>,
  ): Promise<z.input<typeof respond.end>> {
    const { status, requestId, body, usage, waitedMs, inputTokens } = await this.lines.respond(input, stream.signal);
    stream.head({ status, requestId });
    for (let at = 0; at < body.length; at += CHUNK_BYTES) stream.data(body.subarray(at, at + CHUNK_BYTES));
    return {
      ...(usage !== undefined && { usage }),
      ...(waitedMs > 0 && { waitedMs }),
      ...(inputTokens !== undefined && { inputTokens: [...inputTokens] }),
    };
  }
}
