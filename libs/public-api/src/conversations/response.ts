import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { item } from '../items/index.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

export const conversation = z
  .object({
    id: z.string(),
    object: z.literal('conversation'),
    created_at: z.number().int().describe('Unix seconds.'),
    metadata,
  })
  .register(components, { id: 'Conversation' });

export const conversationList = page(conversation).register(components, { id: 'ConversationList' });
export const conversationItemList = page(item).register(components, { id: 'ConversationItemList' });

export const conversationDeleted = z
  .object({ id: z.string(), object: z.literal('conversation.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'ConversationDeleted' });
