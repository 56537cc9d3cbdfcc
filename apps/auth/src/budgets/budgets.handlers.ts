import { Injectable } from '@nestjs/common';
import { budgetsContract } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { BudgetsService } from './budgets.service.ts';
import type { BudgetsInput, BudgetsOutput } from './budgets.service.ts';

const operations = budgetsContract.operations;

/** Serves the budgets contract. */
@Injectable()
export class BudgetsHandlers {
  constructor(private readonly budgets: BudgetsService) {}

  @Serves(operations.listBudgets)
  list(input: BudgetsInput<'listBudgets'>): Promise<BudgetsOutput<'listBudgets'>> {
    return this.budgets.list(input);
  }

  @Serves(operations.getBudget)
  get(input: BudgetsInput<'getBudget'>): Promise<BudgetsOutput<'getBudget'>> {
    return this.budgets.get(input);
  }

  @Serves(operations.createBudget)
  create(input: BudgetsInput<'createBudget'>): Promise<BudgetsOutput<'createBudget'>> {
    return this.budgets.create(input);
  }

  @Serves(operations.updateBudget)
  update(input: BudgetsInput<'updateBudget'>): Promise<BudgetsOutput<'updateBudget'>> {
    return this.budgets.update(input);
  }

  @Serves(operations.deleteBudget)
  delete(input: BudgetsInput<'deleteBudget'>): Promise<BudgetsOutput<'deleteBudget'>> {
    return this.budgets.delete(input);
  }

  @Serves(operations.listBudgetAlerts)
  listAlerts(input: BudgetsInput<'listBudgetAlerts'>): Promise<BudgetsOutput<'listBudgetAlerts'>> {
    return this.budgets.listAlerts(input);
  }
}
