import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { BUDGETS_PER_PROJECT_MAX } from '@xerotier/contracts/auth';
import type { BudgetAlertRecord, BudgetRecord, budgetsContract } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Change } from '../changes/changes.service.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import type { BudgetAlert } from './budget-alert.entity.ts';
import { BudgetAlerts } from './budget-alerts.ts';
import type { Budget } from './budget.entity.ts';
import { BudgetsRepository } from './budgets.repository.ts';
import type { CurrentPeriod } from './budgets.repository.ts';

type Operations = typeof budgetsContract.operations;
export type BudgetsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type BudgetsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The budgets of projects. */
@Injectable()
export class BudgetsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, ...page }: BudgetsInput<'listBudgets'>): Promise<BudgetsOutput<'listBudgets'>> {
    return withTenant(this.database, projectId, async (manager) => {
      const budgets = new BudgetsRepository(manager);
      const { rows, hasMore } = await budgets.list(projectId, page);
      const periods = await budgets.currentPeriods(projectId);
      return { data: rows.map((budget) => budgetRecordOf(budget, periods[budget.period])), hasMore };
    });
  }

  /** @throws {AppError} `budget.not_found`, `db.unavailable`. */
  get({ projectId, budgetId }: BudgetsInput<'getBudget'>): Promise<BudgetRecord> {
    return withTenant(this.database, projectId, async (manager) =>
      currentRecordOf(manager, await new BudgetsRepository(manager).get(projectId, budgetId)),
    );
  }

  /** @throws {AppError} `budget.too_many`; as `ChangesService.run`. */
  create({ context, ...input }: BudgetsInput<'createBudget'>): Promise<BudgetRecord> {
    const { projectId } = context;
    return this.changes.run(context, 'createBudget', input, async (manager) => {
      await new ProjectsRepository(manager).lockedSlugOf(projectId);
      const budgets = new BudgetsRepository(manager);
      const max = BUDGETS_PER_PROJECT_MAX;
      if ((await budgets.count(projectId)) >= max) throw new AppError('budget.too_many', { max });
      const alerts = new BudgetAlerts(manager);
      await alerts.stopRecording(projectId);
      await alerts.lock([projectId]);
      const id = `budget_${randomBytes(12).toString('hex')}`;
      const { name, amountMicros, period, thresholds } = input;
      const created = await budgets.create({
        ...{ id, projectId, name, period },
        ...{ amountMicros: String(amountMicros), thresholds: ascending(thresholds) },
      });
      await raiseToday(manager, projectId);
      return changeOf(manager, 'budget.created', undefined, created);
    });
  }

  /**
   * Changes what is present. Thresholds that were reached in a period are not reached again in it, whatever the amount is.
   * @throws {AppError} `budget.not_found`; as `ChangesService.run`.
   */
  update({ context, ...input }: BudgetsInput<'updateBudget'>): Promise<BudgetRecord> {
    const { projectId } = context;
    const { budgetId, ...values } = input;
    return this.changes.run(context, 'updateBudget', input, async (manager) => {
      // All of them, since alerts lock all in their order.
      await new BudgetAlerts(manager).lock([projectId]);
      const budgets = new BudgetsRepository(manager);
      const before = await budgets.get(projectId, budgetId);
      const after = await budgets.update(before, columnsOf(values));
      await raiseToday(manager, projectId);
      return changeOf(manager, 'budget.updated', before, after);
    });
  }

  /** @throws {AppError} `budget.not_found`; as `ChangesService.run`. */
  delete({ context, ...input }: BudgetsInput<'deleteBudget'>): Promise<BudgetRecord> {
    const { projectId } = context;
    return this.changes.run(context, 'deleteBudget', input, async (manager) => {
      await new BudgetAlerts(manager).lock([projectId]);
      const budgets = new BudgetsRepository(manager);
      const before = await budgets.get(projectId, input.budgetId);
      const after = await budgets.update(before, { deletedAt: new Date() });
      return changeOf(manager, 'budget.deleted', before, after);
    });
  }

  /** @throws {AppError} `budget.not_found`, `list.unknown_cursor`, `db.unavailable`. */
  listAlerts(input: BudgetsInput<'listBudgetAlerts'>): Promise<BudgetsOutput<'listBudgetAlerts'>> {
    const { projectId, budgetId, ...page } = input;
    return withTenant(this.database, projectId, async (manager) => {
      const budgets = new BudgetsRepository(manager);
      const { rows, hasMore } = await budgets.listAlerts(await budgets.get(projectId, budgetId), page);
      return { data: rows.map(alertRecordOf), hasMore };
    });
  }
}

/** The columns of the properties that are present. */
function columnsOf({
  amountMicros,
  thresholds,
  ...properties
}: Omit<BudgetsInput<'updateBudget'>, 'context' | 'budgetId'>): Partial<Budget> {
  return {
    ...properties,
    ...(amountMicros !== undefined && { amountMicros: String(amountMicros) }),
    ...(thresholds !== undefined && { thresholds: ascending(thresholds) }),
  };
}

function ascending(thresholds: readonly number[]): number[] {
  return [...new Set(thresholds)].toSorted((a, b) => a - b);
}

/** A budget may have been exceeded before it was created or changed. The budgets of the project must be locked. */
async function raiseToday(manager: EntityManager, projectId: string): Promise<void> {
  await new BudgetAlerts(manager).raiseLocked([{ projectId, day: new Date().toISOString().slice(0, 10) }]);
}

async function currentRecordOf(manager: EntityManager, budget: Budget): Promise<BudgetRecord> {
  const periods = await new BudgetsRepository(manager).currentPeriods(budget.projectId);
  return budgetRecordOf(budget, periods[budget.period]);
}

function budgetRecordOf(budget: Budget, { start, spentMicros }: CurrentPeriod): BudgetRecord {
  return { ...settingsOf(budget), periodStart: start, spentMicros, createdAt: budget.createdAt.getTime() };
}

function settingsOf({
  id,
  name,
  amountMicros,
  period,
  thresholds,
}: Budget): Pick<BudgetRecord, 'id' | 'name' | 'amountMicros' | 'period' | 'thresholds'> {
  return { id, name, amountMicros: Number(amountMicros), period, thresholds };
}

function alertRecordOf({ id, periodStart, threshold, reachedAt, ...alert }: BudgetAlert): BudgetAlertRecord {
  return {
    ...{ id, periodStart, threshold, reachedAt: reachedAt.getTime() },
    ...{ amountMicros: Number(alert.amountMicros), spentMicros: Number(alert.spentMicros) },
  };
}

async function changeOf(
  manager: EntityManager,
  action: 'budget.created' | 'budget.updated' | 'budget.deleted',
  before: Budget | undefined,
  after: Budget,
): Promise<Change<BudgetRecord>> {
  return {
    result: await currentRecordOf(manager, after),
    audited: {
      action,
      target: { type: 'budget', id: after.id },
      before: before === undefined ? null : settingsOf(before),
      after: after.deletedAt == null ? settingsOf(after) : null,
    },
  };
}
