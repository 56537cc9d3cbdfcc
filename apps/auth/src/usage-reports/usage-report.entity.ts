import type { AccountingContext, TokenUsage } from '@xerotier/contracts/inference';
import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ReconciliationResult } from './reconciliation.ts';

/** What a worker reported about one generation. Deleted seven days after it was compared with the ledger. */
@Entity('usage_report')
@Check('usage_report_outcome_check', "outcome IN ('completed', 'cancelled', 'failed')")
@Check('usage_report_result_check', "result IN ('matched', 'settled', 'estimated', 'unreported', 'drift', 'dropped')")
export class UsageReportRow {
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

  @Index('usage_report_received_idx')
  @CreateDateColumn({ type: 'timestamptz' })
  receivedAt!: Date;

  /** When its request is compared with the ledger next. */
  @Index('usage_report_check_idx', { where: 'result IS NULL' })
  @Column('timestamptz')
  checkAt!: Date;

  /** Null until the request was compared with the ledger. */
  @Column('text', { nullable: true })
  result!: ReconciliationResult | null;
}
