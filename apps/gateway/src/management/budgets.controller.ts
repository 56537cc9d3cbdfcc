/** Budgets of a project: `/v1/management/budgets`. */
import { Controller, Param } from '@nestjs/common';
import { budgetId, budgetsContract } from '@xerotier/contracts/auth';
import type { BudgetAlertRecord, BudgetRecord, ChangeContext } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  createBudget,
  deleteBudget,
  getBudget,
  listBudgetAlerts,
  listBudgets,
  updateBudget,
} from '@xerotier/public-api/budgets';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { z } from 'zod';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';

const operations = budgetsContract.operations;
const alertId = z.uuid();

@Controller()
export class BudgetsController {
  constructor(private readonly bus: Bus) {}

  @Operation(listBudgets)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { after, ...page }: QueryOf<typeof listBudgets>,
  ): Promise<ResponseOf<typeof listBudgets>> {
    const cursor = cursorOf(after, budgetId);
    const { data, hasMore } = await this.bus.call(operations.listBudgets, {
      ...{ projectId: project.id, ...page },
      ...cursor,
    });
    return pageOf(data.map(publicBudgetOf), hasMore);
  }

  @Operation(createBudget)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() { amount_micros: amountMicros, ...body }: BodyOf<typeof createBudget>,
  ): Promise<ResponseOf<typeof createBudget>> {
    return publicBudgetOf(await this.bus.call(operations.createBudget, { context, amountMicros, ...body }));
  }

  @Operation(getBudget)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('budget') id: string,
  ): Promise<ResponseOf<typeof getBudget>> {
    const input = { projectId: project.id, budgetId: assertBudgetId(id) };
    return publicBudgetOf(await this.bus.call(operations.getBudget, input));
  }

  @Operation(updateBudget)
  async update(
    @Change() context: ChangeContext,
    @Param('budget') id: string,
    @OperationBody() { amount_micros: amountMicros, ...body }: BodyOf<typeof updateBudget>,
  ): Promise<ResponseOf<typeof updateBudget>> {
    const budget = await this.bus.call(operations.updateBudget, {
      ...{ context, budgetId: assertBudgetId(id), ...body },
      ...(amountMicros !== undefined && { amountMicros }),
    });
    return publicBudgetOf(budget);
  }

  @Operation(deleteBudget)
  async delete(
    @Change() context: ChangeContext,
    @Param('budget') budget: string,
  ): Promise<ResponseOf<typeof deleteBudget>> {
    const { id } = await this.bus.call(operations.deleteBudget, { context, budgetId: assertBudgetId(budget) });
    return { id, object: 'budget.deleted', deleted: true };
  }

  @Operation(listBudgetAlerts)
  async history(
    @RequestProject() { project }: ProjectAccess,
    @Param('budget') id: string,
    @OperationQuery() { after, ...page }: QueryOf<typeof listBudgetAlerts>,
  ): Promise<ResponseOf<typeof listBudgetAlerts>> {
    const { data, hasMore } = await this.bus.call(operations.listBudgetAlerts, {
      ...{ projectId: project.id, budgetId: assertBudgetId(id), ...page },
      ...cursorOf(after, alertId),
    });
    return pageOf(data.map(publicAlertOf), hasMore);
  }
}

/** @throws {AppError} `budget.not_found` for a malformed id. */
function assertBudgetId(id: string): string {
  if (!budgetId.safeParse(id).success) throw new AppError('budget.not_found', { budget: printable(id) });
  return id;
}

/** @throws {AppError} `list.unknown_cursor` for a malformed one. */
function cursorOf(after: string | undefined, id: z.ZodType): { after?: string } {
  if (after === undefined) return {};
  if (!id.safeParse(after).success)
    throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
  return { after };
}

function publicBudgetOf(budget: BudgetRecord): ResponseOf<typeof getBudget> {
  const { id, name, amountMicros, period, thresholds, periodStart, spentMicros, createdAt } = budget;
  return {
    ...{ id, object: 'budget', name, currency: 'usd', amount_micros: amountMicros, period, thresholds },
    ...{ period_start: periodStart, spent_micros: spentMicros, created_at: Math.floor(createdAt / 1_000) },
  };
}

function publicAlertOf(alert: BudgetAlertRecord): ResponseOf<typeof listBudgetAlerts>['data'][number] {
  const { id, threshold, periodStart, amountMicros, spentMicros, reachedAt } = alert;
  return {
    ...{ id, object: 'budget.alert', threshold, period_start: periodStart },
    ...{ amount_micros: amountMicros, spent_micros: spentMicros, reached_at: Math.floor(reachedAt / 1_000) },
  };
}
