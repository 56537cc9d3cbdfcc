import type { BudgetPeriod } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Project } from '../projects/project.entity.ts';

/** An amount that a project plans to spend in each period. `bigint` columns are strings. */
@Entity()
@Index('budget_project_idx', ['projectId', 'createdAt'])
@Check('budget_name_check', 'length(name) BETWEEN 1 AND 256')
@Check('budget_amount_micros_check', 'amount_micros > 0')
@Check('budget_period_check', `period IN ('day', 'month')`)
@Check('budget_thresholds_check', 'cardinality(thresholds) BETWEEN 1 AND 10 AND 0 < ALL (thresholds)')
export class Budget {
  @PrimaryColumn('text')
  id!: string;

  @ForeignKey(() => Project)
  @Column('text')
  projectId!: string;

  @Column('text')
  name!: string;

  /** In micro-units: millionths of a US dollar. */
  @Column('bigint')
  amountMicros!: string;

  /** Of UTC. */
  @Column('text')
  period!: BudgetPeriod;

  /** Percentages of the amount that raise an alert, ascending. */
  @Column('integer', { array: true })
  thresholds!: number[];

  /** A deleted budget keeps its row, and raises no alerts. */
  @Column('timestamptz', { nullable: true })
  deletedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
