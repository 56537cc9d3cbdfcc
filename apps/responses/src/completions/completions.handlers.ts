import { Injectable } from '@nestjs/common';
import { responsesContract } from '@xerotier/contracts/responses';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { Serves } from '@xerotier/service-host';
import { CompletionsService } from './completions.service.ts';
import type { Input, Output } from './completions.service.ts';

const { save, list, get, messages, update, delete: remove } = responsesContract.operations;

/** Serves the responses contract. */
@Injectable()
export class CompletionsHandlers {
  constructor(private readonly completions: CompletionsService) {}

  @Serves(save)
  async save(input: Input<'save'>): Promise<Output<'save'>> {
    await this.completions.save(input);
    return {};
  }

  @Serves(list)
  list(input: Input<'list'>): Promise<Output<'list'>> {
    return this.completions.list(input);
  }

  @Serves(get)
  get(input: Input<'get'>): Promise<StoredCompletion> {
    return this.completions.get(input);
  }

  @Serves(messages)
  listMessages(input: Input<'messages'>): Promise<Output<'messages'>> {
    return this.completions.listMessages(input);
  }

  @Serves(update)
  update(input: Input<'update'>): Promise<StoredCompletion> {
    return this.completions.update(input);
  }

  @Serves(remove)
  async delete(input: Input<'delete'>): Promise<Output<'delete'>> {
    await this.completions.delete(input);
    return {};
  }
}
