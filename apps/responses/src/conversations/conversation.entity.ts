import { DataKeyEntity } from '@xerotier/data-keys';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A conversation. `bigint` columns are strings. */
@Entity()
@Index('conversation_created_at_idx', ['projectId', 'createdAt', 'id'])
@Check('conversation_items_check', 'items >= 0 AND bytes >= 0')
export class Conversation {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'conversation_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'conversation_project_id_fkey' })
  projectId!: string;

  /** `conv_` and 48 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'conversation_key' })
  id!: string;

  /** As JSON, sealed with the key of the project. */
  @Column('bytea')
  metadata!: Buffer;

  /** Of the next item. It only grows. */
  @Column('bigint', { default: 0 })
  nextPosition!: string;

  @Column('integer', { default: 0 })
  items!: number;

  /** Of its items. */
  @Column('bigint', { default: 0 })
  bytes!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
