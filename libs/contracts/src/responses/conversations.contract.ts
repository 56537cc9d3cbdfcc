/** Conversations: items in their order. What may be as large as a request body is a stream, since a message is bounded. */
import { CREATED_ITEMS_MAX } from '@xerotier/public-api/conversations';
import { metadata } from '@xerotier/public-api/fields';
import { ITEM_ID_PREFIXES } from '@xerotier/public-api/items';
import type { item, ItemKind } from '@xerotier/public-api/items';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { request, service, stream } from '../define.ts';
import { projectId } from '../ids.ts';

/** Ids are texts of clients: one that no conversation or item can have is not found. */
const id = z.string().min(1).max(256);

const storedConversation = z.object({
  id,
  metadata,
  /** Unix milliseconds. */
  createdAt: z.number().int().nonnegative(),
});
export type StoredConversation = z.infer<typeof storedConversation>;

/** The item as clients receive it, with everything that can be included. */
export type StoredItem = z.infer<typeof item>;

const kinds = Object.keys(ITEM_ID_PREFIXES) as [ItemKind, ...ItemKind[]];

/** As `inputItem` of the public API parses it. */
const newItem = z.discriminatedUnion('type', [
  z.object({ type: z.literal('item_reference'), id }),
  z.looseObject({ type: z.enum(kinds) }),
]);

const newItems = z.array(newItem).max(CREATED_ITEMS_MAX);

const TIMEOUT_MS = 5_000;
/** For a conversation with as many items as it may have. */
const DELETE_TIMEOUT_MS = 60_000;
const oneConversation = z.object({ projectId, id });
const oneItem = z.object({ projectId, conversationId: id, id });
const page = {
  /** The last id of the previous page. */
  after: z.string().max(256).optional(),
  limit: z.number().int().min(1).max(100),
  order: z.enum(['asc', 'desc']),
};

/** What is of another project is not found, like what does not exist. Data frames are the bytes of a JSON array of items. */
export const conversationsContract = service('conversations', {
  create: stream({
    subject: 'responses.v1.conversations.create',
    input: z.object({ context: changeContext, metadata, items: newItems }),
    head: z.object({}),
    end: storedConversation,
    errors: [
      'item.not_found',
      'conversation.has_item',
      'conversation.too_many_bytes',
      'idempotency.key_reused',
      'outbox.full',
      'db.unavailable',
    ],
  }),
  list: request({
    subject: 'responses.v1.conversations.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, ...page }),
    /** A page may be shorter than its limit, since a bus message is bounded; `hasMore` is false on the last page. */
    output: z.object({ data: z.array(storedConversation), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  get: request({
    subject: 'responses.v1.conversations.get',
    timeoutMs: TIMEOUT_MS,
    input: oneConversation,
    output: storedConversation,
    errors: ['conversation.not_found', 'db.unavailable'],
  }),
  /** Replaces the metadata as a whole. */
  update: request({
    subject: 'responses.v1.conversations.update',
    timeoutMs: TIMEOUT_MS,
    input: oneConversation.extend({ metadata }),
    output: storedConversation,
    errors: ['conversation.not_found', 'db.unavailable'],
  }),
  delete: request({
    subject: 'responses.v1.conversations.delete',
    timeoutMs: DELETE_TIMEOUT_MS,
    input: oneConversation,
    output: z.object({}),
    errors: ['conversation.not_found', 'outbox.full', 'db.unavailable'],
  }),
  /** Adds items to the end, in their order, and returns them. */
  addItems: stream({
    subject: 'responses.v1.conversations.add-items',
    input: z.object({ context: changeContext, conversationId: id, items: newItems.min(1) }),
    head: z.object({}),
    end: z.object({}),
    errors: [
      'conversation.not_found',
      'item.not_found',
      'conversation.has_item',
      'conversation.too_many_items',
      'conversation.too_many_bytes',
      'idempotency.key_reused',
      'db.unavailable',
    ],
  }),
  /** A page may be shorter than its limit, since its bytes are bounded; `hasMore` is false on the last page. */
  listItems: stream({
    subject: 'responses.v1.conversations.list-items',
    input: z.object({ projectId, conversationId: id, ...page }),
    head: z.object({}),
    end: z.object({ hasMore: z.boolean() }),
    errors: ['conversation.not_found', 'list.unknown_cursor', 'db.unavailable'],
  }),
  /** Returns an array of one item. */
  getItem: stream({
    subject: 'responses.v1.conversations.get-item',
    input: oneItem,
    head: z.object({}),
    end: z.object({}),
    errors: ['conversation.not_found', 'item.not_found', 'db.unavailable'],
  }),
  removeItem: request({
    subject: 'responses.v1.conversations.remove-item',
    timeoutMs: TIMEOUT_MS,
    input: oneItem,
    output: storedConversation,
    errors: ['conversation.not_found', 'item.not_found', 'db.unavailable'],
  }),
});
