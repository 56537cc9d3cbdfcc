/**
 * Stored completions, of an endpoint or of a project: the `/v1/chat/completions` collection. A POST to a completion that is in
 * flight cancels it.
 */
import { Controller, Param, Req, Res } from '@nestjs/common';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { readFields } from '@xerotier/http';
import { completionId } from '@xerotier/public-api/fields';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import {
  completionChanges,
  deleteChatCompletion,
  getChatCompletion,
  getChatCompletionMessages,
  lastEventIdHeaders,
  listChatCompletions,
  updateChatCompletion,
} from '@xerotier/public-api/stored-completions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf, printable } from '../access/check-access.ts';
import { CancellationService } from '../cancellation/cancellation.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { ofRequest, OperationQuery } from '../operations/operation-params.ts';
import { CompletionFollowers } from './completion-followers.service.ts';
import { publicMessage } from './public-message.ts';
import { StoredCompletionsService } from './stored-completions.service.ts';
import type { CompletionScope } from './stored-completions.service.ts';

/** What the key of the request can see: the completions of its endpoint, or of the whole project. */
const Scope = ofRequest(scopeOf);

@Controller()
export class StoredCompletionsController {
  constructor(
    private readonly completions: StoredCompletionsService,
    private readonly cancellations: CancellationService,
    private readonly followers: CompletionFollowers,
  ) {}

  @Operation(listChatCompletions)
  async list(
    @Scope() scope: CompletionScope,
    @OperationQuery() query: QueryOf<typeof listChatCompletions>,
  ): Promise<ResponseOf<typeof listChatCompletions>> {
    const { data, hasMore } = await this.completions.list(scope, query);
    return pageOf(data.map(publicCompletion), hasMore);
  }

  @Operation(getChatCompletion)
  async retrieve(
    @Req() request: FastifyRequest,
    @Scope() scope: CompletionScope,
    @Param('completion') id: string,
    @OperationQuery() query: QueryOf<typeof getChatCompletion>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const completionId = assertId(id);
    const lastEventId = lastEventIdOf(request);
    if (query.stream) {
      const after = query.starting_after ?? lastEventId;
      return this.followers.follow({ ...scope, completionId, after }, reply);
    }
    await reply.send(publicCompletion(await this.completions.get(scope, completionId)));
  }

  @Operation(getChatCompletionMessages)
  async listMessages(
    @Scope() scope: CompletionScope,
    @Param('completion') id: string,
    @OperationQuery() query: QueryOf<typeof getChatCompletionMessages>,
  ): Promise<ResponseOf<typeof getChatCompletionMessages>> {
    const { data, hasMore } = await this.completions.listMessages(scope, assertId(id), query);
    return pageOf(data.map(publicMessage), hasMore);
  }

  @Operation(updateChatCompletion)
  async cancelOrUpdate(
    @Req() request: FastifyRequest,
    @Scope() scope: CompletionScope,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof updateChatCompletion>> {
    if (await this.cancellations.cancel({ ...scope, completionId: id }))
      return { id, object: 'chat.completion.cancelled', cancelled: true };
    // A request to cancel has no body. If the completion has ended and was not stored, that is a 404, not a missing parameter.
    if (request.body === undefined) await this.completions.get(scope, assertId(id));
    const { metadata } = readFields(completionChanges, request.body ?? {});
    return publicCompletion(await this.completions.update(scope, assertId(id), metadata ?? {}));
  }

  @Operation(deleteChatCompletion)
  async delete(
    @Scope() scope: CompletionScope,
    @Param('completion') id: string,
  ): Promise<ResponseOf<typeof deleteChatCompletion>> {
    const completionId = assertId(id);
    // First, so that a request that fails can be repeated.
    await this.followers.forget({ ...scope, completionId });
    await this.completions.delete(scope, completionId);
    return { object: 'chat.completion.deleted', id, deleted: true };
  }
}

function scopeOf(request: FastifyRequest): CompletionScope {
  const { project, endpoints } = accessOf(request);
  const { endpoint } = request.params as { endpoint?: string };
  // An endpoint URL grants access to exactly one endpoint.
  const [only] = endpoint === undefined ? [] : endpoints;
  return { projectId: project.id, ...(only !== undefined && { endpointId: only.id }) };
}

/** Clients of server-sent events send it when they connect again. @throws {AppError} `request.invalid`, naming the header. */
function lastEventIdOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['last-event-id'];
  return text === undefined ? undefined : readFields(lastEventIdHeaders, { 'Last-Event-ID': text })['Last-Event-ID'];
}

/** @throws {AppError} `completion.not_found` for a malformed id. */
function assertId(id: string): string {
  if (!completionId.safeParse(id).success) throw new AppError('completion.not_found', { completion: printable(id) });
  return id;
}

/** The stored object is a response of a gateway; the contract with the responses service types only some of its fields. */
function publicCompletion(completion: StoredCompletion): ResponseOf<typeof getChatCompletion> {
  return completion as unknown as ResponseOf<typeof getChatCompletion>;
}
