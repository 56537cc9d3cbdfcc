/**
 * `/v1/chat/completions` as a collection: what was asked for with `store: true`, of one endpoint or of the whole project. A
 * POST to a completion that is still in flight cancels it (seed 002, "Cancellation").
 */
import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { completionId } from '@xerotier/contracts/responses';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { onEveryBase } from '../access/base-paths.ts';
import { accessOf, RequireScope, shown } from '../access/require-scope.ts';
import { CancellationService } from '../cancellation/cancellation.service.ts';
import { readFields } from '../requests/request-fields.ts';
import { parseListQuery, parsePageQuery } from './list-query.ts';
import { publicMessage } from './public-message.ts';
import type { PublicMessage } from './public-message.ts';
import { completionChanges } from '@xerotier/public-api/stored-completions';
import type { chatCompletionCancelled, chatCompletionDeleted } from '@xerotier/public-api/stored-completions';
import { StoredCompletionsService } from './stored-completions.service.ts';
import type { CompletionScope } from './stored-completions.service.ts';

interface PublicList<T> {
  object: 'list';
  data: T[];
  /** Empty when there is nothing in it: the specification has no null here. */
  first_id: string;
  last_id: string;
  has_more: boolean;
}

const COLLECTION = onEveryBase('v1/chat/completions');
const ITEM = COLLECTION.map((path) => `${path}/:completion`);
const MESSAGES = ITEM.map((path) => `${path}/messages`);

@Controller()
export class StoredCompletionsController {
  constructor(
    private readonly completions: StoredCompletionsService,
    private readonly cancellations: CancellationService,
  ) {}

  @Get(COLLECTION)
  @RequireScope('inference')
  async list(@Req() request: FastifyRequest): Promise<PublicList<StoredCompletion>> {
    const { data, hasMore } = await this.completions.list(scopeOf(request), parseListQuery(request.query));
    return publicList(data, hasMore);
  }

  @Get(ITEM)
  @RequireScope('inference')
  async retrieve(@Req() request: FastifyRequest, @Param('completion') id: string): Promise<StoredCompletion> {
    return this.completions.get(scopeOf(request), knownAsId(id));
  }

  @Get(MESSAGES)
  @RequireScope('inference')
  async listMessages(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<PublicList<PublicMessage>> {
    const query = parsePageQuery(request.query);
    const { data, hasMore } = await this.completions.listMessages(scopeOf(request), knownAsId(id), query);
    return publicList(data.map(publicMessage), hasMore);
  }

  @Post(ITEM)
  @HttpCode(200)
  @RequireScope('inference')
  async cancelOrUpdate(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<z.infer<typeof chatCompletionCancelled> | StoredCompletion> {
    if (await this.cancellations.cancel({ ...scopeOf(request), completionId: id }))
      return { id, object: 'chat.completion.cancelled', cancelled: true };
    // Who wants to cancel what is over sends no changes: one that was not stored is then not there.
    if (request.body === undefined) await this.completions.get(scopeOf(request), knownAsId(id));
    const { metadata: pairs } = readFields(completionChanges, request.body ?? {});
    return this.completions.update(scopeOf(request), knownAsId(id), pairs ?? {});
  }

  @Delete(ITEM)
  @RequireScope('inference')
  async delete(
    @Req() request: FastifyRequest,
    @Param('completion') id: string,
  ): Promise<z.infer<typeof chatCompletionDeleted>> {
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

function publicList<T extends { id: string }>(data: T[], hasMore: boolean): PublicList<T> {
  return { object: 'list', data, first_id: data[0]?.id ?? '', last_id: data.at(-1)?.id ?? '', has_more: hasMore };
}
