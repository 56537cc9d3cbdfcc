import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

const integer = z.number().int();

export const publicBudget = z
  .object({
    id: z.string(),
    object: z.literal('budget'),
    name: z.string(),
    currency: z.literal('usd'),
    amount_micros: integer.describe('Millionths of a US dollar, as all amounts.'),
    period: z.enum(['day', 'month']),
    thresholds: z.array(integer).describe('Percentages of the amount.'),
    period_start: z.string().describe('The first day of the current period, in UTC.'),
    spent_micros: integer.describe('In the current period.'),
    created_at: integer.describe('Unix seconds.'),
  })
  .register(components, { id: 'Budget' });

export const budgetList = page(publicBudget).register(components, { id: 'BudgetList' });

export const budgetDeleted = z
  .object({ id: z.string(), object: z.literal('budget.deleted'), deleted: z.literal(true) })
  .register(components, { id: 'BudgetDeleted' });

const budgetAlert = z
  .object({
    id: z.string(),
    object: z.literal('budget.alert'),
    threshold: integer.describe('The percentage that was reached.'),
    period_start: z.string(),
    amount_micros: integer.describe('Of the budget at that time.'),
    spent_micros: integer,
    reached_at: integer.describe('Unix seconds.'),
  })
  .register(components, { id: 'BudgetAlert' });

export const budgetAlertList = page(budgetAlert).register(components, { id: 'BudgetAlertList' });
