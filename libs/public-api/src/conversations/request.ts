import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { includeQuery, inputItem } from '../items/index.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

/** Maximum number of items of one request. */
export const CREATED_ITEMS_MAX = 20;

const items = z.array(inputItem).max(CREATED_ITEMS_MAX);

export const createConversationRequest = z
  .object({
    metadata: metadata.nullish(),
    items: items.nullish().describe('The first items of the conversation, in their order.'),
  })
  .register(components, { id: 'CreateConversationRequest' });

/** `null` clears the metadata. */
export const updateConversationRequest = z
  .object({ metadata: metadata.nullable() })
  .register(components, { id: 'UpdateConversationRequest' });

/** Several items. A request may also be one item. */
export const createItemsRequest = z
  .object({ items: items.min(1) })
  .register(components, { id: 'CreateConversationItemsRequest' });

export const conversationsQuery = z.object(pageQueryFields('desc'));
export const itemQuery = z.object(includeQuery);
export const itemsQuery = z.object({ ...pageQueryFields('desc'), ...includeQuery });
