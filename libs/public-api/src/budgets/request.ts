import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

const name = storableText(256).min(1);
const amount = z.number().int().min(1).describe('Millionths of a US dollar: 100 dollars are 100000000.');
const period = z.enum(['day', 'month']).describe('Days and months of UTC.');
const thresholds = z
  .array(z.number().int().min(1).max(1_000))
  .min(1)
  .max(10)
  .describe('Percentages of the amount; each raises an alert once per period.');

export const createBudgetRequest = z
  .strictObject({
    name,
    amount_micros: amount,
    period: period.default('month'),
    thresholds: thresholds.default([50, 75, 90, 100]),
  })
  .register(components, { id: 'CreateBudgetRequest' });

export const updateBudgetRequest = z
  .strictObject({
    name: name.optional(),
    amount_micros: amount.optional(),
    period: period.optional(),
    thresholds: thresholds.optional(),
  })
  .register(components, { id: 'UpdateBudgetRequest' });

export const budgetsQuery = z.strictObject(pageQueryFields('asc'));
export const budgetAlertsQuery = z.strictObject(pageQueryFields('desc'));
