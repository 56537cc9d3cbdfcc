/** The chat completion and its chunks, for the OpenAPI document. Engines may add fields. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';

const count = z.number().int().min(0);

export const completionUsage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count, audio_tokens: count }),
  completion_tokens_details: z.object({
    reasoning_tokens: count,
    audio_tokens: count,
    accepted_prediction_tokens: count,
    rejected_prediction_tokens: count,
  }),
});

const tokenLogprob = { token: z.string(), logprob: z.number(), bytes: z.array(z.number().int()).nullish() };
const tokenLogprobs = z.array(z.object({ ...tokenLogprob, top_logprobs: z.array(z.object(tokenLogprob)) })).nullish();
const logprobs = z.object({ content: tokenLogprobs, refusal: tokenLogprobs }).nullable();

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);

const toolCall = z.looseObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.looseObject({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  refusal: z.string().nullable(),
  annotations: z.array(z.unknown()).optional(),
  reasoning_content: z.string().nullish().describe('Only with `include_reasoning`.'),
  tool_calls: z.array(toolCall).nullish(),
});

/** Fields of every completion and every chunk. */
const envelope = {
  id: z.string(),
  created: count.describe('Unix time in seconds.'),
  model: z.string().describe('The name of the model that generated the completion.'),
  service_tier: z.string().describe("The slug of the endpoint's tier."),
  system_fingerprint: z.string().optional(),
  x_adjusted_reasoning_effort: z.string().optional().describe('The effective reasoning effort, if it was adjusted.'),
};

export const chatCompletion = z
  .object({
    ...envelope,
    object: z.literal('chat.completion'),
    choices: z.array(z.looseObject({ index: count, message, logprobs, finish_reason: finishReason })),
    usage: completionUsage,
  })
  .register(components, { id: 'ChatCompletion' });

const toolCallDelta = z.looseObject({
  index: count,
  id: z.string().optional(),
  type: z.literal('function').optional(),
  function: z.object({ name: z.string().optional(), arguments: z.string().optional() }).optional(),
});

const delta = z.looseObject({
  role: z.literal('assistant').optional(),
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish().describe('Only with `include_reasoning`.'),
  tool_calls: z.array(toolCallDelta).nullish(),
});

export const chatCompletionChunk = z
  .object({
    ...envelope,
    object: z.literal('chat.completion.chunk'),
    choices: z
      .array(
        z.looseObject({ index: count, delta, logprobs: logprobs.optional(), finish_reason: finishReason.nullable() }),
      )
      .describe('Empty in the chunk with the usage.'),
    usage: completionUsage
      .nullish()
      .describe('Only with `stream_options.include_usage`; null in all chunks except the last.'),
  })
  .register(components, { id: 'ChatCompletionChunk' });
