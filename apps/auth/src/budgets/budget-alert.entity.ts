import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Budget } from './budget.entity.ts';

/** A threshold of a budget that was reached, once per period. `bigint` columns are strings. */
@Entity()
@Index('budget_alert_pending_idx', ['reachedAt'], { where: 'announced_at IS NULL' })
@Unique('budget_alert_threshold_key', ['projectId', 'budgetId', 'periodStart', 'threshold'])
export class BudgetAlert {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  projectId!: string;

  @ForeignKey(() => Budget)
  @Column('text')
  budgetId!: string;

  /** The first day of the period. */
  @Column('date')
  periodStart!: string;

  @Column('integer')
  threshold!: number;

  /** Of the budget at that time. */
  @Column('bigint')
  amountMicros!: string;

  /** When the threshold was reached. */
  @Column('bigint')
  spentMicros!: string;

  @Column('timestamptz', { default: () => 'clock_timestamp()' })
  reachedAt!: Date;

  /** When its event was added to the outbox. Null if the outbox had no room yet. */
  @Column('timestamptz', { nullable: true })
  announcedAt!: Date | null;
}
