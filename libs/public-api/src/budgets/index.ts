export {
  budgetsOperations,
  createBudget,
  deleteBudget,
  getBudget,
  listBudgetAlerts,
  listBudgets,
  updateBudget,
} from './budgets.api.ts';
