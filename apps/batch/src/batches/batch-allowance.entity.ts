import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The enqueued tokens of a project: the sum of those of its batches that have not ended. */
@Entity()
@Check('batch_allowance_tokens_check', 'tokens >= 0')
export class BatchAllowance {
  @PrimaryColumn('text')
  projectId!: string;

  @Column('bigint')
  tokens!: string;
}
