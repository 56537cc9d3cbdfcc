import { z } from 'zod';
import { components } from '../openapi/components.ts';

const MICROS_MAX = 1_000_000_000_000_000;

export const spendCapRequest = z
  .strictObject({
    spend_cap_micros: z
      .number()
      .int()
      .min(0)
      .max(MICROS_MAX)
      .nullable()
      .describe('Millionths of a US dollar per calendar month of UTC. Null removes the cap.'),
  })
  .register(components, { id: 'SpendCapRequest' });
