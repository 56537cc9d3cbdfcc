import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { endpointTask } from './request.ts';

export const publicEndpoint = z
  .object({
    id: z.string(),
    object: z.literal('endpoint'),
    slug: z.string(),
    url: z.string().describe('Path of its base URL for SDKs.'),
    model: z.string().describe('Name of its model.'),
    tier: z.string(),
    task: endpointTask,
    status: z.enum(['active', 'paused']),
    defaults: z.object({
      temperature: z.number().optional(),
      top_p: z.number().optional(),
      max_completion_tokens: z.number().int().optional(),
      system_prompt: z.string().optional(),
    }),
    slo: z.object({ ttft_ms: z.number().int().optional(), tpot_ms: z.number().int().optional() }),
    created_at: z.number().int().describe('Unix seconds.'),
  })
  .register(components, { id: 'Endpoint' });

export const endpointList = page(publicEndpoint).register(components, { id: 'EndpointList' });

export const endpointDeleted = z
  .object({ id: z.string(), object: z.literal('endpoint.deleted'), slug: z.string(), deleted: z.literal(true) })
  .register(components, { id: 'EndpointDeleted' });

const limit = z.number().int().nullable();

const micros = z.number().int();

export const publicTierPrice = z
  .object({
    version: z.number().int(),
    valid_from: z.number().int().describe('Unix seconds.'),
    currency: z.literal('usd'),
    input_micros: micros.describe('Millionths of a US dollar per million tokens, as the other prices.'),
    cached_input_micros: micros.describe('Of the prompt tokens that were reused from a cache.'),
    output_micros: micros,
    batch_discount_percent: z.number().int(),
  })
  .register(components, { id: 'TierPrice' });

export const publicTier = z
  .object({
    id: z.string().describe('Its slug.'),
    object: z.literal('tier'),
    name: z.string(),
    requests_per_minute: limit.describe('Null is unlimited, as in all limits.'),
    tokens_per_minute: limit,
    endpoints_max: limit.describe('Endpoints of a project on this tier.'),
    concurrency_max: limit.describe('Running requests of a key.'),
    burst_requests: limit.describe('Requests beyond those per minute that may arrive at once. Null is none.'),
    request_timeout_seconds: limit.describe('Of a whole request. The maximum of the gateway applies if it is lower.'),
    idle_timeout_seconds: limit.describe('Of a stream without output, not counting the time in the queue.'),
    model_bytes_max: limit.describe('The largest uploaded model that an endpoint can be created with.'),
    storage_bytes_max: limit.describe('The files of a project with an endpoint on this tier.'),
    batch_tokens_max: limit.describe(
      'Tokens that a project with an endpoint on this tier may have enqueued in batches.',
    ),
    price: publicTierPrice.nullable().describe('Null if the tier has no prices.'),
  })
  .register(components, { id: 'Tier' });

export const tierList = page(publicTier).register(components, { id: 'TierList' });
