import { z } from 'zod';

export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** Request headers of every change. */
export const idempotencyHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(IDEMPOTENCY_KEY_LENGTH_MAX)
    .optional()
    .describe(
      'A unique value of the client, such as a UUID. A repeated request with the same value within 24 hours makes no second change, and gets the response of the first one.',
    ),
});
