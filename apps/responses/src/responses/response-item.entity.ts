import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Item } from '../items/item.entity.ts';
import { Response } from './response.entity.ts';

/** The place of an item in a response: those of its input come before those of its output. */
@Entity()
@ForeignKey(() => Response, ['projectId', 'responseId'], ['projectId', 'id'], { name: 'response_item_response_fkey' })
@ForeignKey(() => Item, ['projectId', 'itemId'], ['projectId', 'id'], { name: 'response_item_item_fkey' })
@Index('response_item_item_idx', ['projectId', 'itemId'])
export class ResponseItem {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_item_key' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_item_key' })
  responseId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'response_item_key' })
  position!: number;

  @Column('text')
  itemId!: string;

  @Column('boolean')
  isOutput!: boolean;
}
