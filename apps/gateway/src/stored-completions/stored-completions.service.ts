/** Stores chat completions and reads them again, by asking the responses service. */
import { Injectable } from '@nestjs/common';
import { responsesContract } from '@xerotier/contracts/responses';
import type { RequestContract } from '@xerotier/contracts/define';
import type { Metadata } from '@xerotier/public-api/fields';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { once } from 'node:events';
import type { z } from 'zod';
import type { CompletionsQuery, MessagesQuery } from '@xerotier/public-api/stored-completions';
import { assertFits } from './stored-completion.ts';

/** Whose completions are meant: all of a project, or those that one endpoint has answered. */
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
  readonly #saving = new Set<Promise<unknown>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Returns once it is committed. @throws {AppError} `completion.too_large`, `responses.unavailable`. */
  async save(input: Input<'save'>): Promise<void> {
    assertFits(input);
    const saving = this.#ask(save, input);
    this.#saving.add(saving);
    try {
      await saving;
    } finally {
      this.#saving.delete(saving);
    }
  }

  /** Waits until everything is stored that is being stored, or until the signal is aborted. */
  async settled(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await Promise.race([Promise.allSettled(this.#saving), once(signal, 'abort')]);
  }

  /** @throws {AppError} `completion.unknown_cursor`, `responses.unavailable`. */
  list(scope: CompletionScope, query: CompletionsQuery): Promise<Output<'list'>> {
    return this.#ask(list, { ...scope, ...query });
  }

  /** @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  get(scope: CompletionScope, id: string): Promise<StoredCompletion> {
    return this.#ask(get, { ...scope, id });
  }

  /** @throws {AppError} `completion.not_found`, `completion.unknown_cursor`, `responses.unavailable`. */
  listMessages(scope: CompletionScope, id: string, query: MessagesQuery): Promise<Output<'messages'>> {
    return this.#ask(messages, { ...scope, id, ...query });
  }

  /** Replaces the metadata. @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  update(scope: CompletionScope, id: string, metadata: Metadata): Promise<StoredCompletion> {
    return this.#ask(update, { ...scope, id, metadata });
  }

  /** @throws {AppError} `completion.not_found`, `responses.unavailable`. */
  async delete(scope: CompletionScope, id: string): Promise<void> {
    await this.#ask(remove, { ...scope, id });
  }

  /** Whatever is away, for a client it is one thing; a defect stays one. */
  async #ask<C extends RequestContract>(contract: C, input: z.input<C['input']>): Promise<z.output<C['output']>> {
    try {
      return await this.#bus.call(contract, input);
    } catch (error) {
      const rejection = AppError.from(error);
      throw rejection.status === 503 ? new AppError('responses.unavailable', {}, { cause: rejection }) : rejection;
    }
  }
}
