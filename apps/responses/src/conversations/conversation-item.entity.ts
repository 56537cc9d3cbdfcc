import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Item } from '../items/item.entity.ts';
import { Conversation } from './conversation.entity.ts';

/** The place of an item in a conversation. `bigint` columns are strings. */
@Entity()
@ForeignKey(() => Conversation, ['projectId', 'conversationId'], ['projectId', 'id'], {
  name: 'conversation_item_conversation_fkey',
})
@ForeignKey(() => Item, ['projectId', 'itemId'], ['projectId', 'id'], { name: 'conversation_item_item_fkey' })
@Index('conversation_item_item_idx', ['projectId', 'itemId', 'conversationId'], { unique: true })
export class ConversationItem {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'conversation_item_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'conversation_item_key' })
  conversationId!: string;

  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'conversation_item_key' })
  position!: string;

  @Column('text')
  itemId!: string;
}
