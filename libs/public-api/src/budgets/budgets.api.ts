import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { budgetAlertsQuery, budgetsQuery, createBudgetRequest, updateBudgetRequest } from './request.ts';
import { budgetAlertList, budgetDeleted, budgetList, publicBudget } from './response.ts';

const COLLECTION = '/v1/management/budgets';
const common = { tag: 'Budgets', bases: 'project', auth: 'either' } as const;
const params = z.object({ budget: z.string().max(64).describe('The id of a budget.') });
const readErrors = [...PROJECT_ERRORS, 'budget_not_found'] as const;
const changeErrors = [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS] as const;

export const listBudgets = defineOperation({
  ...common,
  operationId: 'listBudgets',
  method: 'get',
  path: COLLECTION,
  permission: 'budgets:read',
  summary: 'List budgets',
  query: budgetsQuery,
  response: budgetList,
  errors: PROJECT_ERRORS,
});

export const createBudget = defineOperation({
  ...common,
  operationId: 'createBudget',
  method: 'post',
  path: COLLECTION,
  permission: 'budgets:write',
  headers: idempotencyHeaders,
  summary: 'Create budget',
  description: 'Thresholds that are exceeded already raise their alerts at once. A budget does not reject requests.',
  request: createBudgetRequest,
  example: { name: 'Production', amount_micros: 100_000_000 },
  response: publicBudget,
  errors: [...changeErrors, 'limit_exceeded'],
});

export const getBudget = defineOperation({
  ...common,
  operationId: 'getBudget',
  method: 'get',
  path: `${COLLECTION}/{budget}`,
  permission: 'budgets:read',
  summary: 'Get budget',
  params,
  response: publicBudget,
  errors: readErrors,
});

export const updateBudget = defineOperation({
  ...common,
  operationId: 'updateBudget',
  method: 'patch',
  path: `${COLLECTION}/{budget}`,
  permission: 'budgets:write',
  headers: idempotencyHeaders,
  summary: 'Update budget',
  description: 'Changes the fields that are present. A threshold that was reached is not reached again in its period.',
  params,
  request: updateBudgetRequest,
  example: { amount_micros: 200_000_000 },
  response: publicBudget,
  errors: [...changeErrors, 'budget_not_found'],
});

export const deleteBudget = defineOperation({
  ...common,
  operationId: 'deleteBudget',
  method: 'delete',
  path: `${COLLECTION}/{budget}`,
  permission: 'budgets:write',
  headers: idempotencyHeaders,
  summary: 'Delete budget',
  params,
  response: budgetDeleted,
  errors: [...changeErrors, 'budget_not_found'],
});

export const listBudgetAlerts = defineOperation({
  ...common,
  operationId: 'listBudgetAlerts',
  method: 'get',
  path: `${COLLECTION}/{budget}/history`,
  permission: 'budgets:read',
  summary: 'List alerts of a budget',
  params,
  query: budgetAlertsQuery,
  response: budgetAlertList,
  errors: readErrors,
});

/** In the order of the reference. */
export const budgetsOperations = [
  listBudgets,
  createBudget,
  getBudget,
  updateBudget,
  deleteBudget,
  listBudgetAlerts,
] as const;
