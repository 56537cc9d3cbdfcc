import { DataKeyEntity } from '@xerotier/data-keys';
import type { ItemKind } from '@xerotier/public-api/items';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/**
 * An item, stored once and never changed. What it belongs to refers to it: conversations by `conversation_item`, responses by
 * `response_item`. `content` is sealed with the key of the project; the migration turns off its compression.
 */
@Entity()
@Check('item_id_check', `id ~ '^[a-z]{2,8}_[0-9a-f]{48}$'`)
@Check('item_bytes_check', 'bytes > 0')
export class Item {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'item_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'item_project_id_fkey' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'item_key' })
  id!: string;

  @Column('text')
  kind!: ItemKind;

  @Column('bytea')
  content!: Buffer;

  /** Of the item as JSON. */
  @Column('integer')
  bytes!: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
