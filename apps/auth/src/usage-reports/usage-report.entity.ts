import type { UsageReport } from '@xerotier/contracts/inference';
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A report of a worker, as it was received: one row for all generations that ended within a fifth of a second, since nearly all
 * match the ledger. It has generations of several projects, whose accounts are sealed. Deleted after seven days.
 */
@Entity('usage_report')
export class UsageReportRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  workerId!: string;

  /** Not `jsonb`: it is only read as a whole. */
  @Column('json')
  content!: Pick<UsageReport, 'accounts' | 'generations'>;

  @Index('usage_report_received_idx')
  @Index('usage_report_unchecked_idx', { where: 'checked_at IS NULL' })
  @CreateDateColumn({ type: 'timestamptz' })
  receivedAt!: Date;

  /** Null until it was compared with the ledger, the grace period after it was received. */
  @Column('timestamptz', { nullable: true })
  checkedAt!: Date | null;

  /** The requests that did not match: their generations are `reported_generation`s. */
  @Column('text', { array: true, default: '{}' })
  different!: string[];
}
