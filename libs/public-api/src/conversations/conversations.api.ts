import { z } from 'zod';
import { item, itemOrReference } from '../items/index.ts';
import { BODY_ERRORS, CHANGE_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import {
  conversationsQuery,
  createConversationRequest,
  createItemsRequest,
  itemQuery,
  itemsQuery,
  updateConversationRequest,
} from './request.ts';
import { conversation, conversationDeleted, conversationItemList, conversationList } from './response.ts';

const COLLECTION = '/v1/conversations';
const ONE = `${COLLECTION}/{conversation}` as const;
const ITEMS = `${ONE}/items` as const;
const ONE_ITEM = `${ITEMS}/{item}` as const;
const common = { tag: 'Conversations' } as const;
const params = z.object({ conversation: z.string().describe('The `id` of a conversation.') });
const itemParams = params.extend({ item: z.string().describe('The `id` of an item of the conversation.') });
const ONE_ERRORS = [...STORAGE_ERRORS, 'conversation_not_found'] as const;
const ITEM_ERRORS = [...ONE_ERRORS, 'item_not_found'] as const;
const hello = { type: 'message', role: 'user', content: 'Hello!' };

export const createConversation = defineOperation({
  ...common,
  operationId: 'createConversation',
  sdk: { node: 'conversations.create' },
  method: 'post',
  path: COLLECTION,
  permission: 'conversations:write',
  summary: 'Create conversation',
  description: 'Creates a conversation with up to 20 items. It is kept until it is deleted.',
  headers: idempotencyHeaders,
  request: createConversationRequest,
  isRequestOptional: true,
  example: { metadata: { topic: 'demo' }, items: [hello] },
  response: conversation,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'item_not_found', 'conversation_full'],
});

export const listConversations = defineOperation({
  ...common,
  operationId: 'listConversations',
  method: 'get',
  path: COLLECTION,
  permission: 'conversations:read',
  summary: 'List conversations',
  description: 'The conversations of the project, the newest first. OpenAI has no such list.',
  query: conversationsQuery,
  response: conversationList,
  errors: STORAGE_ERRORS,
});

export const getConversation = defineOperation({
  ...common,
  operationId: 'getConversation',
  sdk: { node: 'conversations.retrieve' },
  method: 'get',
  path: ONE,
  permission: 'conversations:read',
  summary: 'Get conversation',
  params,
  response: conversation,
  errors: ONE_ERRORS,
});

export const updateConversation = defineOperation({
  ...common,
  operationId: 'updateConversation',
  sdk: { node: 'conversations.update' },
  method: 'post',
  path: ONE,
  permission: 'conversations:write',
  summary: 'Update conversation',
  description: 'Replaces the metadata of a conversation.',
  params,
  request: updateConversationRequest,
  example: { metadata: { topic: 'demo' } },
  response: conversation,
  errors: [...ONE_ERRORS, ...BODY_ERRORS],
});

export const deleteConversation = defineOperation({
  ...common,
  operationId: 'deleteConversation',
  sdk: { node: 'conversations.delete' },
  method: 'delete',
  path: ONE,
  permission: 'conversations:write',
  summary: 'Delete conversation',
  description: 'Deletes a conversation, and those of its items that are in no other one.',
  params,
  response: conversationDeleted,
  errors: [...ONE_ERRORS, ...BODY_ERRORS],
});

export const createConversationItems = defineOperation({
  ...common,
  operationId: 'createConversationItems',
  sdk: { node: 'conversations.items.create' },
  method: 'post',
  path: ITEMS,
  permission: 'conversations:write',
  summary: 'Create items',
  description: 'Adds up to 20 items to the end of a conversation, in their order. The body may also be one item.',
  params,
  query: itemQuery,
  headers: idempotencyHeaders,
  request: z.union([createItemsRequest, itemOrReference]),
  example: { items: [hello] },
  response: conversationItemList,
  errors: [...ITEM_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'conversation_full'],
});

export const listConversationItems = defineOperation({
  ...common,
  operationId: 'listConversationItems',
  sdk: { node: 'conversations.items.list' },
  method: 'get',
  path: ITEMS,
  permission: 'conversations:read',
  summary: 'List items',
  description: 'The items of a conversation, the last one first. A page may be shorter than its limit.',
  params,
  query: itemsQuery,
  response: conversationItemList,
  errors: ONE_ERRORS,
});

export const getConversationItem = defineOperation({
  ...common,
  operationId: 'getConversationItem',
  method: 'get',
  path: ONE_ITEM,
  permission: 'conversations:read',
  summary: 'Get item',
  params: itemParams,
  query: itemQuery,
  response: item,
  errors: ITEM_ERRORS,
});

export const deleteConversationItem = defineOperation({
  ...common,
  operationId: 'deleteConversationItem',
  method: 'delete',
  path: ONE_ITEM,
  permission: 'conversations:write',
  summary: 'Delete item',
  description: 'Removes an item from a conversation, and returns the conversation.',
  params: itemParams,
  response: conversation,
  errors: [...ITEM_ERRORS, ...BODY_ERRORS],
});

/** In the order of the reference. */
export const conversationsOperations = [
  createConversation,
  listConversations,
  getConversation,
  updateConversation,
  deleteConversation,
  createConversationItems,
  listConversationItems,
  getConversationItem,
  deleteConversationItem,
] as const;
