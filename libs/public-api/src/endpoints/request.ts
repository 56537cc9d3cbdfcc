import { z } from 'zod';
import { LATENCY_TARGET_MS_MAX } from '../chat-completions/latency-target-headers.ts';
import { slug } from '../fields/ids.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

export const endpointTask = z
  .enum(['generate', 'embed', 'score', 'transcribe', 'speak', 'image'])
  .describe('What the endpoint serves: routes of other tasks reject it.');

const defaults = z
  .strictObject({
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    max_completion_tokens: z.number().int().min(1).optional(),
    system_prompt: storableText(32_768).min(1).optional().describe('Precedes the messages of each request.'),
  })
  .register(components, { id: 'EndpointDefaults' });

const targetMs = z.number().int().min(1).max(LATENCY_TARGET_MS_MAX).optional();

const slo = z
  .strictObject({ ttft_ms: targetMs, tpot_ms: targetMs })
  .register(components, { id: 'EndpointLatencyTargets' });

const model = storableText(256)
  .min(1)
  .describe('Name or id of a model of the catalogue. One that was uploaded needs the tier `self_hosted`.');
const tier = z.string().min(1).max(64).describe('Slug of a tier.');

const settings = {
  defaults: defaults.optional().describe('Used for what a chat completion request does not set itself.'),
  slo: slo.optional().describe('Latency targets of requests without `X-SLO-*` headers; a hint, not a guarantee.'),
};

export const createEndpointRequest = z
  .strictObject({
    slug: slug.describe('Part of the URL. It cannot be changed.'),
    model,
    tier,
    task: endpointTask.default('generate'),
    ...settings,
  })
  .register(components, { id: 'CreateEndpointRequest' });

export const updateEndpointRequest = z
  .strictObject({ model: model.optional(), tier: tier.optional(), ...settings })
  .register(components, { id: 'UpdateEndpointRequest' });

export const endpointsQuery = z.strictObject(pageQueryFields('asc'));
