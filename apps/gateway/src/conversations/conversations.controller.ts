/** Conversations of a project: `/v1/conversations`. */
import { Controller, Param } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { StoredConversation } from '@xerotier/contracts/responses';
import {
  createConversation,
  deleteConversation,
  getConversation,
  listConversations,
  updateConversation,
} from '@xerotier/public-api/conversations';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { ProjectAccess } from '../access/project-access.ts';
import { Change } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { asConversationId } from './conversation-ids.ts';
import { ConversationsService } from './conversations.service.ts';

@Controller()
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Operation(createConversation)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() { metadata, items }: BodyOf<typeof createConversation>,
  ): Promise<ResponseOf<typeof createConversation>> {
    const created = await this.conversations.create({ context, metadata: metadata ?? {}, items: items ?? [] });
    return publicConversation(created);
  }

  @Operation(listConversations)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() query: QueryOf<typeof listConversations>,
  ): Promise<ResponseOf<typeof listConversations>> {
    const { data, hasMore } = await this.conversations.list({ projectId: project.id, ...query });
    return pageOf(data.map(publicConversation), hasMore);
  }

  @Operation(getConversation)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') id: string,
  ): Promise<ResponseOf<typeof getConversation>> {
    return publicConversation(await this.conversations.get({ projectId: project.id, id: asConversationId(id) }));
  }

  @Operation(updateConversation)
  async update(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') id: string,
    @OperationBody() { metadata }: BodyOf<typeof updateConversation>,
  ): Promise<ResponseOf<typeof updateConversation>> {
    const change = { projectId: project.id, id: asConversationId(id), metadata: metadata ?? {} };
    return publicConversation(await this.conversations.update(change));
  }

  @Operation(deleteConversation)
  async delete(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') id: string,
  ): Promise<ResponseOf<typeof deleteConversation>> {
    await this.conversations.delete({ projectId: project.id, id: asConversationId(id) });
    return { id, object: 'conversation.deleted', deleted: true };
  }
}

export function publicConversation({
  id,
  metadata,
  createdAt,
}: StoredConversation): ResponseOf<typeof getConversation> {
  return { id, object: 'conversation', created_at: Math.floor(createdAt / 1_000), metadata };
}
