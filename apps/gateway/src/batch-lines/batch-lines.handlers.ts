import { Injectable } from '@nestjs/common';
import { batchLinesContract } from '@xerotier/contracts/gateway';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { BatchLines } from './batch-lines.service.ts';

const { respond } = batchLinesContract.operations;

/** Small enough for a frame. */
const CHUNK_BYTES = 256 * 1_024;

/** Lines of batches, for the batch service. */
@Injectable()
export class BatchLinesHandlers {
  constructor(private readonly lines: BatchLines) {}

  @Serves(respond)
  async respond(
    input: z.output<typeof respond.input>,
    stream: ServedStream<typeof respond>,
  ): Promise<z.input<typeof respond.end>> {
    const { status, requestId, body, usage } = await this.lines.respond(input, stream.signal);
    stream.head({ status, requestId });
    for (let at = 0; at < body.length; at += CHUNK_BYTES) stream.data(body.subarray(at, at + CHUNK_BYTES));
    return usage === undefined ? {} : { usage };
  }
}
