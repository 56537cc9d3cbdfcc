/** Stores and reads chat completions with the responses service. */
import { Injectable } from '@nestjs/common';
import { responsesContract } from '@xerotier/contracts/responses';
import type { RequestContract } from '@xerotier/contracts/define';
import type { Metadata } from '@xerotier/public-api/fields';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { InFlightSet } from '@xerotier/in-flight';
import { Bus } from '@xerotier/nats';
import { once } from 'node:events';
import type { z } from 'zod';
import type { CompletionsQuery, MessagesQuery } from '@xerotier/public-api/stored-completions';
import { assertFits } from './stored-completion.ts';

/** Completions of a whole project, or of one of its endpoints. */
export interface CompletionScope {
  readonly projectId: string;
  readonly endpointId?: string;
}

type Operations = typeof responsesContract.operations;
type Input<Name extends keyof Operations> = z.input<Operations[Name]['input']>;
type Output<Name extends keyof Operations> = z.output<Operations[Name]['output']>;

const { save, list, get, messages, update, delete: remove } = responsesContract.operations;

@Injectable()
export class StoredCompletionsService {
  readonly #bus: Bus;
  readonly #pendingSaves = new InFlightSet<Promise<unknown>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Returns once it is committed. @throws {AppError} `completion.too_large`, `responses.unavailable`. */
  async save(input: Input<'save'>): Promise<void> {
    assertFits(input);
    const saving = this.#call(save, input);
    const handle = this.#pendingSaves.add(saving);
    try {
      await saving;
    } finally {
      this.#pendingSaves.delete(handle);
    }
  }

  /** Waits for pending saves, or until the signal is aborted. */
  async settled(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await Promise.race([Promise.allSettled(this.#pendingSaves), once(signal, 'abort')]);
  }

  /** @throws {AppError} `completion.unknown_cursor`, `responses.unavailable`. */
  list(scope: CompletionScope, query: CompletionsQuery): Promise<Output<'list'>> {
    return this.#call(list, { ...scope, ...query });
  }

  /** @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  get(scope: CompletionScope, id: string): Promise<StoredCompletion> {
    return this.#call(get, { ...scope, id });
  }

  /** @throws {AppError} `completion.not_found`, `completion.unknown_cursor`, `responses.unavailable`. */
  listMessages(scope: CompletionScope, id: string, query: MessagesQuery): Promise<Output<'messages'>> {
    return this.#call(messages, { ...scope, id, ...query });
  }

  /** Replaces the metadata. @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  update(scope: CompletionScope, id: string, metadata: Metadata): Promise<StoredCompletion> {
    return this.#call(update, { ...scope, id, metadata });
  }

  /** @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  async delete(scope: CompletionScope, id: string): Promise<void> {
    await this.#call(remove, { ...scope, id });
  }

  /** Maps all outages to `responses.unavailable`; other errors are rethrown. */
  async #call<C extends RequestContract>(contract: C, input: z.input<C['input']>): Promise<z.output<C['output']>> {
    try {
      return await this.#bus.call(contract, input);
    } catch (error) {
      const rejection = AppError.from(error);
      throw rejection.status === 503 ? new AppError('responses.unavailable', {}, { cause: rejection }) : rejection;
    }
  }
}
