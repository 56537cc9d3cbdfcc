import { Injectable } from '@nestjs/common';
import { storedResponsesContract, turnsContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import type { z } from 'zod';
import { writeJson } from '../json-frames.ts';
import { BackgroundService } from './background.service.ts';

const { enqueue } = turnsContract.operations;
const { cancel } = storedResponsesContract.operations;

/** Serves the operations on responses in the background. */
@Injectable()
export class BackgroundHandlers {
  constructor(private readonly background: BackgroundService) {}

  @Serves(enqueue)
  async enqueue(
    input: z.output<typeof enqueue.input>,
    stream: ServedStream<typeof enqueue>,
  ): Promise<z.input<typeof enqueue.end>> {
    const response = await this.background.enqueue(input, stream.signal);
    stream.head({});
    writeJson(stream, response);
    return { id: response.id };
  }

  @Serves(cancel)
  async cancel(
    input: z.output<typeof cancel.input>,
    stream: ServedStream<typeof cancel>,
  ): Promise<Record<string, never>> {
    const response = await this.background.cancel(input);
    stream.head({});
    writeJson(stream, response);
    return {};
  }
}
