import { Injectable } from '@nestjs/common';
import type { StreamContract } from '@xerotier/contracts/define';
import { storedResponsesContract, turnsContract } from '@xerotier/contracts/responses';
import { Bus } from '@xerotier/nats';
import type { Item } from '@xerotier/public-api/items';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { asOutage, readJsonStream, withOutages } from '../requests/json-stream.ts';
import { StreamedTurn } from './turn-response.ts';

const { get, follow, cancel, delete: remove, listInputItems } = storedResponsesContract.operations;
const { enqueue } = turnsContract.operations;

/** A client that reads along longer than this continues with a new request. */
const FOLLOW_DEADLINE_MS = 60 * 60_000;

type Input<C extends { readonly input: z.ZodType }> = z.input<C['input']>;

/** Responses that are stored, as the gateway reads them. Outages of the responses service and of what it needs are `responses.unavailable`. */
@Injectable()
export class StoredResponsesService {
  constructor(private readonly bus: Bus) {}

  /** With everything that can be included. @throws {AppError} `response.not_found`, `responses.unavailable`. */
  async get(input: Input<typeof get>): Promise<PublicResponse> {
    return (await this.#read<typeof get, PublicResponse>(get, input)).value;
  }

  /**
   * Stores a response that is run in the background.
   * @throws {AppError} `response.*`, `conversation.not_found`, `item.not_found`, `request.unsupported_parameter`, `responses.unavailable`.
   */
  async enqueue(input: Input<typeof enqueue>): Promise<PublicResponse> {
    return (await this.#read<typeof enqueue, PublicResponse>(enqueue, input)).value;
  }

  /** Returns the response. @throws {AppError} `response.not_found`, `response.not_cancellable`, `responses.unavailable`. */
  async cancel(input: Input<typeof cancel>): Promise<PublicResponse> {
    return (await this.#read<typeof cancel, PublicResponse>(cancel, input)).value;
  }

  /** Writes the events of a response, from any of them on, until the last one; errors are written, too. */
  follow(input: Input<typeof follow>, reply: FastifyReply): void {
    reply.hijack();
    const { raw } = reply;
    const response = new StreamedTurn(raw, input.after === undefined ? 0 : input.after + 1);
    const control = this.bus.open(
      follow,
      input,
      {
        head: () => response.head({}),
        data: (json) => response.data(json),
        end: () => response.end(),
        error: (error) => response.error(asOutage('responses.unavailable', error)),
      },
      { deadlineMs: FOLLOW_DEADLINE_MS },
    );
    response.attach(control);
    if (raw.destroyed) control.cancel();
  }

  /** @throws {AppError} `response.not_found`, `responses.unavailable`. */
  async delete(input: Input<typeof remove>): Promise<void> {
    await withOutages('responses.unavailable', () => this.bus.call(remove, input));
  }

  /** @throws {AppError} `response.not_found`, `list.unknown_cursor`, `responses.unavailable`. */
  async listInputItems(input: Input<typeof listInputItems>): Promise<{ items: Item[]; hasMore: boolean }> {
    const { value, end } = await this.#read<typeof listInputItems, Item[]>(listInputItems, input);
    return { items: value, hasMore: end.hasMore };
  }

  /** What is read has a value in any case. */
  async #read<C extends StreamContract, T>(
    contract: C,
    input: Input<C>,
  ): Promise<{ value: T; end: z.output<C['end']> }> {
    const { value, end } = await withOutages('responses.unavailable', () =>
      readJsonStream<C, T>(this.bus, contract, input),
    );
    return { value: value as T, end };
  }
}
