/**
 * The latest response of each stream of a WebSocket, if it is not stored: it can be continued on this WebSocket, and nothing of it is left
 * afterwards. Those that were used least recently are dropped first.
 */
import { Injectable } from '@nestjs/common';
import type { InputItem } from '@xerotier/public-api/items';
import type { PublicResponse } from '@xerotier/public-api/responses';
import { LRUCache } from 'lru-cache';
import type { RequestedTurn } from '../responses/turns.service.ts';

/** Together with the input of a request it has to fit into a message to the responses service. */
const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
/** Of this gateway. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

interface KeptResponse {
  readonly id: string;
  /** The items of its context and its output, as JSON: what they take of memory is known. */
  readonly items: Buffer;
  /** The stored response that they continue. */
  readonly previousId: string | undefined;
}

/** Stands for one stream of one WebSocket. */
export type StreamKey = object;

@Injectable()
export class KeptResponses {
  readonly #cache = new LRUCache<StreamKey, KeptResponse>({
    maxSize: KEPT_BYTES_MAX,
    maxEntrySize: RESPONSE_BYTES_MAX,
    sizeCalculation: ({ items }) => items.length,
  });

  /** Returns the turn with the items of the response that it continues, if that is kept for one of these streams. */
  continued(turn: RequestedTurn, streams: Iterable<StreamKey>): RequestedTurn {
    const { request } = turn;
    const stream = this.#streamOf(request.previous_response_id, streams);
    const response = stream === undefined ? undefined : this.#cache.get(stream);
    if (response === undefined) return turn;
    const items = JSON.parse(response.items.toString()) as InputItem[];
    return {
      ...turn,
      request: { ...request, input: [...items, ...request.input] },
      kept: { items: items.length, ...(response.previousId !== undefined && { previousId: response.previousId }) },
    };
  }

  /** Keeps a response for a stream instead of the one before, unless it is stored, cannot be continued, or is too large. */
  keep(stream: StreamKey, { request, kept }: RequestedTurn, response: PublicResponse): void {
    this.#cache.delete(stream);
    const { conversation, previous_response_id: requestedId } = request;
    const isContinuable = response.status === 'completed' || response.status === 'incomplete';
    // The items of a conversation are not known here, and may change.
    if (response.store || !isContinuable || conversation !== undefined) return;
    const output = response.output.map(({ id: _id, ...item }) => item);
    this.#cache.set(stream, {
      id: response.id,
      items: Buffer.from(JSON.stringify([...request.input, ...output])),
      previousId: kept === undefined ? requestedId : kept.previousId,
    });
  }

  /** Drops the response with this id. */
  drop(id: unknown, streams: Iterable<StreamKey>): void {
    const stream = this.#streamOf(id, streams);
    if (stream !== undefined) this.#cache.delete(stream);
  }

  /** Drops the responses of streams that have ended. */
  dropAll(streams: Iterable<StreamKey>): void {
    for (const stream of streams) this.#cache.delete(stream);
  }

  #streamOf(id: unknown, streams: Iterable<StreamKey>): StreamKey | undefined {
    if (id === undefined) return undefined;
    for (const stream of streams) if (this.#cache.peek(stream)?.id === id) return stream;
    return undefined;
  }
}
