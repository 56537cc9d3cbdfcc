import { Injectable } from '@nestjs/common';
import { storedResponsesContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import { writeJson } from '../json-frames.ts';
import { FollowersService } from './followers.service.ts';
import { ResponseSignals } from './response-signals.ts';
import { ResponsesService } from './responses.service.ts';
import type { Input } from './responses.service.ts';

const { get, follow, delete: remove, listInputItems } = storedResponsesContract.operations;

/** Serves the contract of stored responses. */
@Injectable()
export class ResponsesHandlers {
  constructor(
    private readonly responses: ResponsesService,
    private readonly followers: FollowersService,
    private readonly signals: ResponseSignals,
  ) {}

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
    // Whoever runs it stops.
    this.signals.changed(input.id, true);
    return {};
  }

  @Serves(follow)
  async follow(input: Input<'follow'>, stream: ServedStream<typeof follow>): Promise<Record<string, never>> {
    await this.followers.follow(input, stream);
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
