import { Injectable } from '@nestjs/common';
import { storedResponsesContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import { writeJson } from '../json-frames.ts';
import { ResponsesService } from './responses.service.ts';
import type { Input } from './responses.service.ts';

const { get, delete: remove, listInputItems } = storedResponsesContract.operations;

/** Serves the contract of stored responses. */
@Injectable()
export class ResponsesHandlers {
  constructor(private readonly responses: ResponsesService) {}

  @Serves(get)
  async get(input: Input<'get'>, stream: ServedStream<typeof get>): Promise<Record<string, never>> {
    const response = await this.responses.get(input);
    stream.head({});
    writeJson(stream, response);
    return {};
  }

  @Serves(remove)
  async delete(input: Input<'delete'>): Promise<Record<string, never>> {
    await this.responses.delete(input);
    return {};
  }

  @Serves(listInputItems)
  async listInputItems(
    input: Input<'listInputItems'>,
    stream: ServedStream<typeof listInputItems>,
  ): Promise<{ hasMore: boolean }> {
    const { items, hasMore } = await this.responses.listInputItems(input);
    stream.head({});
    writeJson(stream, items);
    return { hasMore };
  }
}
