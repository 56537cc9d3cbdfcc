import { DataKeyEntity } from '@xerotier/data-keys';
import type { ResponseStatus } from '@xerotier/public-api/responses';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * One turn of a model: what it was asked, and what came of it. Its items are in `response_item`. A deleted response that others
 * continue from stays as a row without content, since its items are part of their context. `bigint` columns are strings.
 */
@Entity()
@ForeignKey(() => Response, ['projectId', 'previousId'], ['projectId', 'id'], { name: 'response_previous_fkey' })
@Index('response_previous_idx', ['projectId', 'previousId'], { where: 'previous_id IS NOT NULL' })
@Index('response_created_at_idx', ['projectId', 'createdAt'])
@Index('response_unfinished_idx', ['createdAt'], { where: "status IN ('queued', 'in_progress')" })
@Index('response_unstored_ended_at_idx', ['endedAt'], { where: 'NOT stored' })
@Index('response_background_ended_at_idx', ['endedAt'], { where: 'background' })
@Check('response_id_check', `id ~ '^resp_[0-9a-f]{48}$'`)
@Check('response_status_check', `status IN ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled')`)
@Check('response_turns_check', 'turns > 0')
export class Response {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'response_project_id_fkey' })
  projectId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'response_key' })
  id!: string;

  /** The response that it continues from. */
  @Column('text', { nullable: true })
  previousId!: string | null;

  /** The conversation that the first response of its chain was in: the beginning of its context. */
  @Column('text', { nullable: true })
  conversationId!: string | null;

  /** Items of the conversation from this position on came later. */
  @Column('bigint', { nullable: true })
  conversationEnd!: string | null;

  /** Length of its chain, with itself. */
  @Column('integer')
  turns!: number;

  /** Of the items of its chain and of the conversation before it. */
  @Column('bigint')
  bytes!: string;

  @Column('text')
  status!: ResponseStatus;

  @Column('boolean', { default: false })
  background!: boolean;

  /** Whether it is kept after it has ended, as long as the project keeps responses. Others run in the background, and can be read for a while. */
  @Column('boolean', { default: true })
  stored!: boolean;

  /** Whether its events are kept. */
  @Column('boolean', { default: false })
  streamed!: boolean;

  /** What a background response still needs to run, as JSON, sealed. Null for others, and once it has ended. */
  @Column('bytea', { nullable: true })
  job!: Buffer | null;

  /** The request as it is repeated in the response, as JSON, sealed with the key of the project. Null once deleted. */
  @Column('bytea', { nullable: true })
  content!: Buffer | null;

  /** Usage and errors, as JSON, sealed. Null until it has ended. */
  @Column('bytea', { nullable: true })
  outcome!: Buffer | null;

  /** Counts who has taken it: whoever has an older number must not write any more. */
  @Column('integer', { default: 0 })
  fence!: number;

  /** Until then a process runs it. Null for one that waits. */
  @Column('timestamptz', { nullable: true })
  leaseUntil!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  /** Since when clients do not see it any more. */
  @Column('timestamptz', { nullable: true })
  deletedAt!: Date | null;
}
