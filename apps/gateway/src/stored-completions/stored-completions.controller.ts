/**
 * `/v1/chat/completions` as a collection: what was asked for with `store: true`, of one endpoint or of the whole project. A
 * POST to a completion that is still in flight cancels it.
 */
import { Controller, Param, Req } from '@nestjs/common';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { completionId } from '@xerotier/public-api/fields';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import {
  completionChanges,
  completionsQuery,
  deleteChatCompletion,
  getChatCompletion,
  getChatCompletionMessages,
  listChatCompletions,
  messagesQuery,
  updateChatCompletion,
} from '@xerotier/public-api/stored-completions';
import type { FastifyRequest } from 'fastify';
import { accessOf, shown } from '../access/check-access.ts';
import { CancellationService } from '../cancellation/cancellation.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { readQuery } from '../operations/read-query.ts';
import { readFields } from '../requests/request-fields.ts';
import { publicMessage } from './public-message.ts';
import { StoredCompletionsService } from './stored-completions.service.ts';
import type { CompletionScope } from './stored-completions.service.ts';

@Controller()
export class StoredCompletionsController {
  constructor(
    private readonly completions: StoredCompletionsService,
    private readonly cancellations: CancellationService,
  ) {}

  @Operation(listChatCompletions)
  async list(@Req() request: FastifyRequest): Promise<ResponseOf<typeof listChatCompletions>> {
    const query = readQuery(completionsQuery, request);
    const { data, hasMore } = await this.completions.list(scopeOf(request), query);
    return pageOf(data.map(publicCompletion), hasMore);
  }

  @Operation(getChatCompletion)
  async retrieve(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof getChatCompletion>> {
    return publicCompletion(await this.completions.get(scopeOf(request), knownAsId(id)));
  }

  @Operation(getChatCompletionMessages)
  async listMessages(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof getChatCompletionMessages>> {
    const query = readQuery(messagesQuery, request);
    const { data, hasMore } = await this.completions.listMessages(scopeOf(request), knownAsId(id), query);
    return pageOf(data.map(publicMessage), hasMore);
  }

  @Operation(updateChatCompletion)
  async cancelOrUpdate(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof updateChatCompletion>> {
    if (await this.cancellations.cancel({ ...scopeOf(request), completionId: id }))
      return { id, object: 'chat.completion.cancelled', cancelled: true };
    // Who wants to cancel what is over sends no changes: one that was not stored is then not there.
    if (request.body === undefined) await this.completions.get(scopeOf(request), knownAsId(id));
    const { metadata: pairs } = readFields(completionChanges, request.body ?? {});
    return publicCompletion(await this.completions.update(scopeOf(request), knownAsId(id), pairs ?? {}));
  }

  @Operation(deleteChatCompletion)
  async delete(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof deleteChatCompletion>> {
    await this.completions.delete(scopeOf(request), knownAsId(id));
    return { object: 'chat.completion.deleted', id, deleted: true };
  }
}

function scopeOf(request: FastifyRequest): CompletionScope {
  const { project, endpoints } = accessOf(request);
  const { endpoint } = request.params as { endpoint?: string };
  // An endpoint URL names exactly one.
  const [only] = endpoint === undefined ? [] : endpoints;
  return { projectId: project.id, ...(only !== undefined && { endpointId: only.id }) };
}

/** @throws {AppError} `completion.not_found` for what cannot be an id. */
function knownAsId(id: string): string {
  if (!completionId.safeParse(id).success) throw new AppError('completion.not_found', { completion: shown(id) });
  return id;
}

/** What is stored is a response of this gateway; the contract between the services reads only some of its fields. */
function publicCompletion(completion: StoredCompletion): ResponseOf<typeof getChatCompletion> {
  return completion as unknown as ResponseOf<typeof getChatCompletion>;
}
