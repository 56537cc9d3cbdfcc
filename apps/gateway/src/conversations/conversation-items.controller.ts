/** Items of a conversation: `/v1/conversations/{conversation}/items`. */
import { Controller, Param, Req } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { readFields } from '@xerotier/http';
import {
  createConversationItems,
  createItemsRequest,
  deleteConversationItem,
  getConversationItem,
  listConversationItems,
} from '@xerotier/public-api/conversations';
import { inputItem, withIncluded } from '@xerotier/public-api/items';
import type { InputItem } from '@xerotier/public-api/items';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyRequest } from 'fastify';
import type { ProjectAccess } from '../access/project-access.ts';
import { Change } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { fieldsOf } from '../requests/request-fields.ts';
import { asConversationId, asItemId } from './conversation-ids.ts';
import { publicConversation } from './conversations.controller.ts';
import { ConversationsService } from './conversations.service.ts';

@Controller()
export class ConversationItemsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Operation(createConversationItems)
  async create(
    @Change() context: ChangeContext,
    @Param('conversation') id: string,
    @OperationQuery() { include }: QueryOf<typeof createConversationItems>,
    @Req() { body }: FastifyRequest,
  ): Promise<ResponseOf<typeof createConversationItems>> {
    const conversationId = asConversationId(id);
    const items = await this.conversations.addItems({ context, conversationId, items: itemsOf(body) });
    return pageOf(
      items.map((item) => withIncluded(item, include)),
      false,
    );
  }

  @Operation(listConversationItems)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') id: string,
    @OperationQuery() { include, ...page }: QueryOf<typeof listConversationItems>,
  ): Promise<ResponseOf<typeof listConversationItems>> {
    const conversationId = asConversationId(id);
    const { items, hasMore } = await this.conversations.listItems({ projectId: project.id, conversationId, ...page });
    return pageOf(
      items.map((item) => withIncluded(item, include)),
      hasMore,
    );
  }

  @Operation(getConversationItem)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') conversation: string,
    @Param('item') item: string,
    @OperationQuery() { include }: QueryOf<typeof getConversationItem>,
  ): Promise<ResponseOf<typeof getConversationItem>> {
    const found = await this.conversations.getItem(itemOf(project.id, conversation, item));
    return withIncluded(found, include);
  }

  @Operation(deleteConversationItem)
  async delete(
    @RequestProject() { project }: ProjectAccess,
    @Param('conversation') conversation: string,
    @Param('item') item: string,
  ): Promise<ResponseOf<typeof deleteConversationItem>> {
    return publicConversation(await this.conversations.removeItem(itemOf(project.id, conversation, item)));
  }
}

function itemOf(
  projectId: string,
  conversation: string,
  item: string,
): { projectId: string; conversationId: string; id: string } {
  return { projectId, conversationId: asConversationId(conversation), id: asItemId(item) };
}

/** Any field of these makes a body without `items` one item. */
const ITEM_FIELDS = ['type', 'role', 'id'];

/** @throws {AppError} `request.invalid`, naming the field; `request.unreadable_json` without a body. */
function itemsOf(body: unknown): InputItem[] {
  const fields = fieldsOf(body);
  const isItem = fields['items'] === undefined && ITEM_FIELDS.some((name) => fields[name] !== undefined);
  return isItem ? [readFields(inputItem, fields)] : readFields(createItemsRequest, fields).items;
}
