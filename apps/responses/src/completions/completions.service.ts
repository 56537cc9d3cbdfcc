/**
 * Stored chat completions. Messages and completions are sealed with the key of the project and bound to their row;
 * model and metadata are not encrypted, because completions are filtered by them.
 */
import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { responsesContract, StoredCompletion } from '@xerotier/contracts/responses';
import { AppError, ensure } from '@xerotier/errors';
import { open, seal } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import type { z } from 'zod';
import { CompletionsRepository } from './completions.repository.ts';
import type { CompletionScope, CompletionSummary } from './completions.repository.ts';

type Operations = typeof responsesContract.operations;
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type Output<Name extends keyof Operations> = z.output<Operations[Name]['output']>;

type Message = Record<string, unknown>;

@Injectable()
export class CompletionsService {
  constructor(
    private readonly repository: CompletionsRepository,
    private readonly dataKeys: DataKeysService,
  ) {}

  /** Resolves once committed. An existing completion with the same id is not changed. */
  async save({ projectId, endpointId, createdAt, completion, messages }: Input<'save'>): Promise<void> {
    const { metadata, ...content } = completion;
    const { id, model } = completion;
    const key = await this.dataKeys.getOrCreate(projectId);
    await this.repository.insertIfMissing({
      projectId,
      id,
      endpointId,
      model,
      metadata,
      createdAt: new Date(createdAt),
      content: seal(key, JSON.stringify(content), contextOf('content', projectId, id)),
      messages: seal(key, JSON.stringify(messages), contextOf('messages', projectId, id)),
    });
  }

  /** @throws {AppError} `completion.unknown_cursor`. */
  async list({ after, ...query }: Input<'list'>): Promise<Output<'list'>> {
    const cursor = after === undefined ? undefined : await this.repository.findById(query, after, []);
    if (cursor === null) throw unknownCursor(after as string);
    const { rows, hasMore } = await this.repository.listPage({ ...query, after: cursor }, STORED_BYTES_MAX);
    const { projectId } = query;
    return { data: await Promise.all(rows.map((row) => this.#completionOf(projectId, row))), hasMore };
  }

  /** @throws {AppError} `completion.not_found`. */
  async get({ id, ...scope }: Input<'get'>): Promise<StoredCompletion> {
    const row = await this.repository.findById(scope, id, ['content']);
    return this.#completionOf(scope.projectId, ensure(row, 'completion.not_found', { completion: id }));
  }

  /** @throws {AppError} `completion.not_found`, `completion.unknown_cursor`. */
  async listMessages({ id, after, limit, order, ...scope }: Input<'messages'>): Promise<Output<'messages'>> {
    const messages = await this.#messagesOf(scope, id);
    const all = messages.map((message, index) => ({ id: `${id}-${index}`, message }));
    if (order === 'desc') all.reverse();
    const found = after === undefined ? -1 : all.findIndex((message) => message.id === after);
    if (after !== undefined && found < 0) throw unknownCursor(after);
    const rest = all.slice(found + 1);
    // All messages of a completion fit into one response: stored completions have the same limit.
    return { data: rest.slice(0, limit), hasMore: rest.length > limit };
  }

  /** Replaces the metadata. @throws {AppError} `completion.not_found`. */
  async update({ id, metadata, ...scope }: Input<'update'>): Promise<StoredCompletion> {
    const row = await this.repository.updateMetadata(scope, id, metadata);
    return this.#completionOf(scope.projectId, ensure(row, 'completion.not_found', { completion: id }));
  }

  /** @throws {AppError} `completion.not_found`. */
  async delete({ id, ...scope }: Input<'delete'>): Promise<void> {
    if (!(await this.repository.delete(scope, id))) throw new AppError('completion.not_found', { completion: id });
  }

  async #completionOf(projectId: string, { id, content, metadata }: CompletionSummary): Promise<StoredCompletion> {
    const key = await this.dataKeys.get(projectId);
    const opened = parse<Omit<StoredCompletion, 'metadata'>>(open(key, content, contextOf('content', projectId, id)));
    return { ...opened, metadata } as StoredCompletion;
  }

  async #messagesOf(scope: CompletionScope, id: string): Promise<Message[]> {
    const found = await this.repository.findById(scope, id, ['messages']);
    const { messages } = ensure(found, 'completion.not_found', { completion: id });
    const key = await this.dataKeys.get(scope.projectId);
    return parse<Message[]>(open(key, messages, contextOf('messages', scope.projectId, id)));
  }
}

/** Data of another column, project or completion does not open with this context. */
function contextOf(column: 'content' | 'messages', projectId: string, id: string): EncryptionContext {
  return ['responses.completion', column, projectId, id];
}

function unknownCursor(after: string): AppError {
  return new AppError('completion.unknown_cursor', { after }, { param: 'after' });
}

function parse<T>(bytes: Buffer): T {
  return JSON.parse(bytes.toString('utf8')) as T;
}
