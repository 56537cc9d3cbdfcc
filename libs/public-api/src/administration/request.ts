import { z } from 'zod';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

/** As in the database: 32-bit integers. */
const INTEGER_MAX = 2_147_483_647;
const PRICE_MICROS_MAX = 1_000_000_000;

export const tierSlug = z
  .string()
  .regex(/^[a-z0-9_]{1,64}$/, 'must be 1 to 64 lowercase letters, digits or underscores')
  .describe('The slug of a tier.');
export const accountId = z
  .string()
  .regex(/^user_[0-9a-f]{24}$/)
  .describe('The `id` of an account.');

const limit = z.number().int().min(1).max(INTEGER_MAX).nullable();

const values = {
  name: storableText(256).min(1),
  requests_per_minute: limit.describe('Of a key. Null is unlimited, as in all limits.'),
  tokens_per_minute: limit.describe('Of a key, prompts and completions together.'),
  endpoints_max: limit.describe('Endpoints of a project on this tier.'),
  concurrency_max: limit.describe('Running requests of a key.'),
  burst_requests: z
    .number()
    .int()
    .min(0)
    .max(INTEGER_MAX)
    .nullable()
    .describe('Requests beyond those per minute that may arrive at once. Null is none.'),
  request_timeout_seconds: limit.describe('Of a whole request. The maximum of the gateway applies if it is lower.'),
  idle_timeout_seconds: limit.describe('Of a stream without output, not counting the time in the queue.'),
  model_bytes_max: z.number().int().min(1).nullable().describe('The largest model. Not enforced yet.'),
  storage_bytes_max: z
    .number()
    .int()
    .min(1)
    .nullable()
    .describe('The files of a project with an endpoint on this tier.'),
  batch_tokens_max: z
    .number()
    .int()
    .min(1)
    .nullable()
    .describe('Tokens that a project with an endpoint on this tier may have enqueued in batches.'),
};

const { name, ...limits } = values;

export const createTierRequest = z
  .strictObject({
    id: tierSlug.describe('Its slug, which endpoints name it by.'),
    name,
    ...z.object(limits).partial().shape,
  })
  .register(components, { id: 'CreateTierRequest' });

export const updateTierRequest = z.strictObject(values).partial().register(components, { id: 'UpdateTierRequest' });

const micros = z.number().int().min(0).max(PRICE_MICROS_MAX);

export const addTierPriceRequest = z
  .strictObject({
    input_micros: micros.describe('Millionths of a US dollar per million tokens, as the other prices.'),
    cached_input_micros: micros.describe('Of the prompt tokens that were reused from a cache.'),
    output_micros: micros,
    batch_discount_percent: z.number().int().min(0).max(100).default(0),
    valid_from: z
      .number()
      .int()
      .min(0)
      .max(8_640_000_000_000)
      .optional()
      .describe('Unix seconds. Requests that started earlier keep their cost. Default: from now on.'),
  })
  .register(components, { id: 'AddTierPriceRequest' });

export const systemRoleRequest = z
  .strictObject({ system_role: z.enum(['admin', 'operator']).nullable().describe('Null takes the role away.') })
  .register(components, { id: 'SystemRoleRequest' });

export const tierPricesQuery = z.strictObject(pageQueryFields('desc')).omit({ order: true });

export const administeredAccountsQuery = z.strictObject({
  ...pageQueryFields('desc'),
  email: storableText(254)
    .min(1)
    .optional()
    .describe('Only accounts whose e-mail address contains it, whatever its case.'),
});

export const administeredProjectsQuery = z.strictObject(pageQueryFields('desc'));
