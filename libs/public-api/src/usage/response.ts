import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';

const count = z.number().int();

const tokens = {
  input_tokens: count,
  cached_tokens: count.describe('A part of the input tokens.'),
  output_tokens: count,
  reasoning_tokens: count.describe('A part of the output tokens, as are the prediction tokens.'),
  accepted_prediction_tokens: count,
  rejected_prediction_tokens: count,
};

const sums = {
  requests: count,
  failed_requests: count,
  cancelled_requests: count,
  ...tokens,
  cost_micros: count.describe('Millionths of a US dollar, without `unpriced_requests`.'),
  unpriced_requests: count.describe(
    'Requests whose cost is unknown: they are older than the prices, or their tier had none.',
  ),
};

export const usageTotals = z
  .object({
    object: z.literal('usage.totals'),
    start: z.string().describe('The first day, in UTC.'),
    end: z.string().describe('The day after the last one.'),
    currency: z.literal('usd'),
    ...sums,
  })
  .register(components, { id: 'UsageTotals' });

const day = z
  .object({ id: z.string().describe('The day, in UTC.'), object: z.literal('usage.day'), ...sums })
  .register(components, { id: 'UsageDay' });

export const usageDayList = page(day).register(components, { id: 'UsageDayList' });

const group = z
  .object({
    id: z.string().describe('The id of the key, endpoint or model, or the end user.'),
    object: z.literal('usage.group'),
    name: z
      .string()
      .nullable()
      .describe('The name of the key or model, or the slug of the endpoint. Null for end users, and if it is unknown.'),
    ...sums,
  })
  .register(components, { id: 'UsageGroup' });

export const usageGroupList = page(group).register(components, { id: 'UsageGroupList' });

const event = z
  .object({
    id: z.string().describe('The id of the request, its `X-Request-ID`.'),
    object: z.literal('usage.event'),
    kind: z.string().describe('Such as `chat.completion` or `embedding`.'),
    started_at: count.describe('Unix seconds.'),
    endpoint: z.string().nullable().describe('The slug of the endpoint.'),
    endpoint_id: z.string(),
    key_id: z.string(),
    model: z.string().describe('The name of the model, or its id if it is no longer in the catalogue.'),
    model_id: z.string(),
    tier: z.string(),
    priority: z.enum(['interactive', 'batch', 'background']),
    requested_service_tier: z.string().nullable(),
    end_user: z.string().nullable().describe('The `user` of the request.'),
    outcome: z.enum(['completed', 'cancelled', 'failed']),
    streamed: z.boolean(),
    ...tokens,
    cost_micros: count.nullable().describe('Millionths of a US dollar; null if it is unknown.'),
    price_version: count.nullable().describe('The version of the prices of the tier when the request started.'),
    latency_ms: count,
    ttft_ms: count.nullable().describe('Time to the first token; null if there was none.'),
  })
  .register(components, { id: 'UsageEvent' });

export const usageEventList = page(event).register(components, { id: 'UsageEventList' });
