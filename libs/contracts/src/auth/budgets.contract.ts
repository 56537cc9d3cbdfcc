/** Budgets of a project, and the alerts that they raised. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';

export const BUDGETS_PER_PROJECT_MAX = 100;

export const budgetId = z.string().regex(/^budget_[0-9a-f]{24}$/);

/** Of UTC. */
export const budgetPeriod = z.enum(['day', 'month']);
export type BudgetPeriod = z.infer<typeof budgetPeriod>;

/** In micro-units: millionths of a US dollar. */
const micros = z.number().int();
const thresholds = z.array(z.number().int().min(1).max(1_000)).min(1).max(10);
const day = z.iso.date();
const time = z.number().int().nonnegative();

export const budgetRecord = z.object({
  id: budgetId,
  name: z.string(),
  amountMicros: micros.positive(),
  period: budgetPeriod,
  /** Percentages of the amount, ascending. */
  thresholds,
  /** The first day of the current period. */
  periodStart: day,
  /** In the current period. */
  spentMicros: micros.nonnegative(),
  /** Unix milliseconds. */
  createdAt: time,
});
export type BudgetRecord = z.infer<typeof budgetRecord>;

export const budgetAlertRecord = z.object({
  id: z.uuid(),
  periodStart: day,
  threshold: z.number().int(),
  /** Of the budget when it was reached. */
  amountMicros: micros.positive(),
  spentMicros: micros.nonnegative(),
  /** Unix milliseconds. */
  reachedAt: time,
});
export type BudgetAlertRecord = z.infer<typeof budgetAlertRecord>;

const TIMEOUT_MS = 5_000;
const change = z.object({ context: changeContext });
const one = change.extend({ budgetId });
const properties = {
  name: z.string().min(1).max(256),
  amountMicros: micros.positive(),
  period: budgetPeriod,
  thresholds,
};
const page = { limit: z.number().int().min(1).max(100), order: z.enum(['asc', 'desc']) };

/** The budget of another project is `budget.not_found`, like one that does not exist. */
export const budgetsContract = service('auth', {
  listBudgets: request({
    subject: 'auth.v1.budgets.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, after: budgetId.optional(), ...page }),
    output: z.object({ data: z.array(budgetRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getBudget: request({
    subject: 'auth.v1.budgets.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, budgetId }),
    output: budgetRecord,
    errors: ['budget.not_found', 'db.unavailable'],
  }),
  createBudget: request({
    subject: 'auth.v1.budgets.create',
    timeoutMs: TIMEOUT_MS,
    input: change.extend(properties),
    output: budgetRecord,
    errors: ['project.not_found', 'budget.too_many', ...CHANGE_ERRORS],
  }),
  /** Changes what is present. */
  updateBudget: request({
    subject: 'auth.v1.budgets.update',
    timeoutMs: TIMEOUT_MS,
    input: one.extend(z.object(properties).partial().shape),
    output: budgetRecord,
    errors: ['budget.not_found', ...CHANGE_ERRORS],
  }),
  deleteBudget: request({
    subject: 'auth.v1.budgets.delete',
    timeoutMs: TIMEOUT_MS,
    input: one,
    output: budgetRecord,
    errors: ['budget.not_found', ...CHANGE_ERRORS],
  }),
  listBudgetAlerts: request({
    subject: 'auth.v1.budgets.alerts',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, budgetId, after: z.uuid().optional(), ...page }),
    output: z.object({ data: z.array(budgetAlertRecord), hasMore: z.boolean() }),
    errors: ['budget.not_found', 'list.unknown_cursor', 'db.unavailable'],
  }),
});
