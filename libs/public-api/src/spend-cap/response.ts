import { z } from 'zod';
import { components } from '../openapi/components.ts';

export const publicSpendCap = z
  .object({
    object: z.literal('spend_cap'),
    spend_cap_micros: z.number().int().nullable().describe('Millionths of a US dollar per month; null for no cap.'),
    spent_micros: z.number().int().describe('Spent in this month, by requests that have ended; seconds behind.'),
    resets_at: z.number().int().describe('The end of this month, in Unix seconds.'),
  })
  .register(components, { id: 'SpendCap' });
