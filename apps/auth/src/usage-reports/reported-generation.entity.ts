import type { AccountingContext, TokenUsage } from '@xerotier/contracts/inference';
import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ReconciliationResult } from './reconciliation.ts';

/**
 * A generation whose request did not match the ledger as it was reported. Deleted seven days after it was compared with the
 * ledger.
 */
@Entity('reported_generation')
@Check('reported_generation_outcome_check', "outcome IN ('completed', 'cancelled', 'failed')")
@Check(
  'reported_generation_result_check',
  "result IN ('matched', 'settled', 'estimated', 'unreported', 'drift', 'dropped', 'unkept')",
)
export class ReportedGenerationRow {
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('text')
  requestId!: string;

  @PrimaryColumn('integer')
  choiceIndex!: number;

  /** Counts the workers that the choice was sent to, from 1. The last one counts. */
  @PrimaryColumn('integer')
  attempt!: number;

  @Column('text')
  workerId!: string;

  @Column('jsonb')
  context!: AccountingContext;

  /** Null if the engine reported none. */
  @Column('jsonb', { nullable: true })
  usage!: TokenUsage | null;

  @Column('text')
  outcome!: 'completed' | 'cancelled' | 'failed';

  @Column('boolean')
  callerLost!: boolean;

  @Column('boolean')
  begun!: boolean;

  @Column('timestamptz')
  endedAt!: Date;

  @Index('reported_generation_received_idx')
  @CreateDateColumn({ type: 'timestamptz' })
  receivedAt!: Date;

  /** When its request is compared with the ledger next. */
  @Index('reported_generation_check_idx', { where: 'result IS NULL' })
  @Column('timestamptz')
  checkAt!: Date;

  /** Null until the request was compared with the ledger. */
  @Column('text', { nullable: true })
  result!: ReconciliationResult | null;
}
