import { DataKeyEntity } from '@xerotier/data-keys';
import type { DatabaseDefinition } from '@xerotier/db';
import { IdempotencyKey } from '@xerotier/idempotency';
import { CompletionEntity } from '../completions/completion.entity.ts';
import { ConversationItem } from '../conversations/conversation-item.entity.ts';
import { Conversation } from '../conversations/conversation.entity.ts';
import { Item } from '../items/item.entity.ts';
import { ResponseEvent } from '../responses/response-event.entity.ts';
import { ResponseItem } from '../responses/response-item.entity.ts';
import { Response } from '../responses/response.entity.ts';
import { CreateCompletions1795132800000 } from './migrations/1795132800000-create-completions.ts';
import { IsolateTenants1796180400000 } from './migrations/1796180400000-isolate-tenants.ts';
import { CreateConversations1796500000000 } from './migrations/1796500000000-create-conversations.ts';
import { CreateResponses1796520000000 } from './migrations/1796520000000-create-responses.ts';
import { AddUnstoredResponses1796520100000 } from './migrations/1796520100000-add-unstored-responses.ts';

/** The database schema of the responses service. */
export const database: DatabaseDefinition = {
  schema: 'responses',
  entities: [
    DataKeyEntity,
    IdempotencyKey,
    CompletionEntity,
    Item,
    Conversation,
    ConversationItem,
    Response,
    ResponseItem,
    ResponseEvent,
  ],
  migrations: [
    CreateCompletions1795132800000,
    IsolateTenants1796180400000,
    CreateConversations1796500000000,
    CreateResponses1796520000000,
    AddUnstoredResponses1796520100000,
  ],
};
