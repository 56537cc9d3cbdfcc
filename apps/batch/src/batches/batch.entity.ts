import type { BatchEstimate, StoredBatch } from '@xerotier/contracts/batch';
import { DataKeyEntity } from '@xerotier/data-keys';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { RateSamples } from './progress.ts';

/** How a batch ends that is being finalized. */
export type Ending = 'completed' | 'failed' | 'expired' | 'cancelled';

/** A batch. `bigint` columns are strings. */
@Entity()
@Index('batch_created_at_idx', ['projectId', 'createdAt', 'id'])
@Index('batch_dry_run_idx', ['createdAt'], { where: 'is_dry_run' })
@Index('batch_unfinished_idx', ['createdAt'], {
  where: `status IN ('validating', 'in_progress', 'finalizing', 'cancelling')`,
})
@Check(
  'batch_status_check',
  `status IN ('validating', 'failed', 'in_progress', 'finalizing', 'completed', 'expired', 'cancelling', 'cancelled')`,
)
@Check('batch_ending_check', `ending IN ('completed', 'failed', 'expired', 'cancelled')`)
@Check(
  'batch_lines_check',
  'lines_completed >= 0 AND lines_failed >= 0 AND lines_completed + lines_failed <= lines_total',
)
export class Batch {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_key' })
  @ForeignKey(() => DataKeyEntity, { name: 'batch_project_id_fkey' })
  projectId!: string;

  /** `batch_` and 24 hexadecimal digits. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'batch_key' })
  id!: string;

  /** The key that has created it, for which its lines are run. */
  @Column('text')
  keyId!: string;

  @Column('text')
  endpoint!: StoredBatch['endpoint'];

  @Column('text', { nullable: true })
  model!: string | null;

  @Column('text')
  inputFileId!: string;

  /** The batch whose failed lines it runs, instead of all lines of the file. */
  @Column('text', { nullable: true })
  retriedBatchId!: string | null;

  @Column('text')
  completionWindow!: StoredBatch['completionWindow'];

  @Column('jsonb', { nullable: true })
  metadata!: StoredBatch['metadata'];

  /** How long its output files are kept. */
  @Column('integer', { nullable: true })
  outputSeconds!: number | null;

  /** It is validated and priced, and deleted after a day. */
  @Column('boolean', { default: false })
  isDryRun!: boolean;

  @Column('jsonb', { nullable: true })
  estimate!: BatchEstimate | null;

  @Column('text')
  status!: StoredBatch['status'];

  @Column('text', { nullable: true })
  ending!: Ending | null;

  @Column('jsonb', { nullable: true })
  errors!: NonNullable<StoredBatch['errors']> | null;

  @Column('integer', { default: 0 })
  linesTotal!: number;

  @Column('integer', { default: 0 })
  linesCompleted!: number;

  @Column('integer', { default: 0 })
  linesFailed!: number;

  /** Of how many lines were done when: see `progressOf`. */
  @Column('jsonb', { nullable: true })
  samples!: RateSamples | null;

  @Column('bigint', { default: 0 })
  promptTokens!: string;

  @Column('bigint', { default: 0 })
  cachedTokens!: string;

  @Column('bigint', { default: 0 })
  completionTokens!: string;

  @Column('bigint', { default: 0 })
  reasoningTokens!: string;

  /** Its part of the allowance of enqueued tokens of the project, until it ends. */
  @Column('bigint', { default: 0 })
  enqueuedTokens!: string;

  @Column('text', { nullable: true })
  outputFileId!: string | null;

  @Column('text', { nullable: true })
  errorFileId!: string | null;

  /** Grows with each process that takes the batch over: results of earlier ones are rejected. */
  @Column('integer', { default: 0 })
  fence!: number;

  /** Until when the process with the fence works on it. */
  @Column('timestamptz', { nullable: true })
  leaseUntil!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  inProgressAt!: Date | null;

  /** While it is paused: no lines are started. */
  @Column('timestamptz', { nullable: true })
  pausedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  finalizingAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  completedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  failedAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  expiredAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  cancellingAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  cancelledAt!: Date | null;
}
