import { Injectable } from '@nestjs/common';
import type { StreamContract } from '@xerotier/contracts/define';
import { storedResponsesContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Item } from '@xerotier/public-api/items';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { z } from 'zod';

const { get, delete: remove, listInputItems } = storedResponsesContract.operations;

const DEADLINE_MS = 30_000;

type Input<C extends { readonly input: z.ZodType }> = z.input<C['input']>;

/** Responses that are stored, as the gateway reads them. Outages of the responses service and of what it needs are `responses.unavailable`. */
@Injectable()
export class StoredResponsesService {
  constructor(private readonly bus: Bus) {}

  /** With everything that can be included. @throws {AppError} `response.not_found`, `responses.unavailable`. */
  async get(input: Input<typeof get>): Promise<PublicResponse> {
    return (await this.#read<typeof get, PublicResponse>(get, input)).value;
  }

  /** @throws {AppError} `response.not_found`, `responses.unavailable`. */
  async delete(input: Input<typeof remove>): Promise<void> {
    await withOutages(() => this.bus.call(remove, input));
  }

  /** @throws {AppError} `response.not_found`, `list.unknown_cursor`, `responses.unavailable`. */
  async listInputItems(input: Input<typeof listInputItems>): Promise<{ items: Item[]; hasMore: boolean }> {
    const { value, end } = await this.#read<typeof listInputItems, Item[]>(listInputItems, input);
    return { items: value, hasMore: end.hasMore };
  }

  #read<C extends StreamContract, T>(contract: C, input: Input<C>): Promise<{ value: T; end: z.output<C['end']> }> {
    return withOutages(
      () =>
        new Promise((resolve, reject) => {
          const parts: Buffer[] = [];
          this.bus.open(
            contract,
            input,
            {
              head: () => undefined,
              data: (payload) => parts.push(Buffer.from(payload)),
              end: (end) => resolve({ value: JSON.parse(Buffer.concat(parts).toString()) as T, end }),
              error: reject,
            },
            { deadlineMs: DEADLINE_MS } as never,
          );
        }),
    );
  }
}

async function withOutages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const rejection = AppError.from(error);
    throw rejection.status === 503 ? new AppError('responses.unavailable', {}, { cause: rejection }) : rejection;
  }
}
