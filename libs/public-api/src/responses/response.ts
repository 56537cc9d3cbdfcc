/** The response, its input items, and what the other operations on responses return. */
import { z } from 'zod';
import { reasoningEffort } from '../chat-completions/request.ts';
import { metadata } from '../fields/metadata.ts';
import { item } from '../items/index.ts';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import {
  promptCacheMode,
  promptCacheRetention,
  promptCacheTtl,
  reasoningContext,
  reasoningMode,
  reasoningSummary,
  responseFormat,
  truncation,
  verbosity,
} from './context-fields.ts';
import { toolChoice } from './tools.ts';

export const responseStatus = z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']);
export type ResponseStatus = z.infer<typeof responseStatus>;

export const responseErrorCode = z.enum([
  'server_error',
  'rate_limit_exceeded',
  'invalid_prompt',
  'data_residency_mismatch',
  'bio_policy',
  'vector_store_timeout',
  'invalid_image',
  'invalid_image_format',
  'invalid_base64_image',
  'invalid_image_url',
  'image_too_large',
  'image_too_small',
  'image_parse_error',
  'image_content_policy_violation',
  'invalid_image_mode',
  'image_file_too_large',
  'unsupported_image_media_type',
  'empty_image_file',
  'failed_to_download_image',
  'image_file_not_found',
]);
export type ResponseErrorCode = z.infer<typeof responseErrorCode>;

export const incompleteReason = z.enum(['max_output_tokens', 'content_filter']);
export type IncompleteReason = z.infer<typeof incompleteReason>;

const count = z.number().int().min(0);
const unixTime = count.describe('Unix seconds.');

export const responseUsage = z
  .object({
    input_tokens: count,
    input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }),
    output_tokens: count,
    output_tokens_details: z.object({ reasoning_tokens: count }),
    total_tokens: count,
    x_dropped_turns: count
      .optional()
      .describe('How many turns were dropped from the beginning of the context by `truncation: auto`, if any.'),
  })
  .register(components, { id: 'ResponseUsage' });
export type ResponseUsage = z.output<typeof responseUsage>;

const ofRequest = 'Of the request.';

export const responseObject = z
  .object({
    id: z.string(),
    object: z.literal('response'),
    created_at: unixTime,
    completed_at: unixTime.nullable().describe('Unix seconds; null unless the status is `completed`.'),
    status: responseStatus,
    background: z.boolean(),
    error: z.object({ code: responseErrorCode, message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: incompleteReason }).nullable(),
    model: z.string().describe('The name of the model that generated the response.'),
    previous_response_id: z.string().nullable(),
    conversation: z.object({ id: z.string() }).nullable(),
    instructions: z.string().nullable().describe(ofRequest),
    output: z.array(item),
    usage: responseUsage.nullable().describe('Null until the response has ended.'),
    max_output_tokens: count.nullable(),
    max_tool_calls: count.nullable(),
    metadata,
    parallel_tool_calls: z.boolean(),
    prompt_cache_key: z.string().nullable(),
    prompt_cache_options: z.object({ ttl: promptCacheTtl, mode: promptCacheMode }).optional(),
    prompt_cache_retention: promptCacheRetention.nullable(),
    reasoning: z.object({
      effort: reasoningEffort.nullable(),
      summary: reasoningSummary.nullable(),
      mode: reasoningMode.optional(),
      context: reasoningContext.optional(),
    }),
    safety_identifier: z.string().nullable(),
    service_tier: z.string().describe("The slug of the endpoint's tier."),
    store: z.boolean(),
    temperature: z.number(),
    text: z.object({ format: responseFormat, verbosity }),
    tool_choice: toolChoice,
    tools: z
      .array(z.looseObject({ type: z.string() }))
      .describe('Of the request. Functions have `description`, `parameters` and `strict`, or null.'),
    top_logprobs: count,
    top_p: z.number(),
    presence_penalty: z.number(),
    frequency_penalty: z.number(),
    truncation,
    user: z.string().optional(),
    x_queue: z
      .object({
        queued_seconds: count.describe('How long the response has been queued.'),
        position: count.describe('How many responses were queued before it, and still are.'),
        expected_start_at: unixTime
          .nullable()
          .describe('Unix seconds, as fast as responses have ended lately; null if none has.'),
      })
      .optional()
      .describe('While the status is `queued`.'),
    x_adjusted_reasoning_effort: z.string().optional().describe('The effective reasoning effort, if it was adjusted.'),
  })
  .register(components, { id: 'Response' });
export type PublicResponse = z.output<typeof responseObject>;

export const responseDeleted = z
  .object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })
  .register(components, { id: 'ResponseDeleted' });

export const responseItemList = page(item).register(components, { id: 'ResponseItemList' });

export const inputTokenCount = z
  .object({ object: z.literal('response.input_tokens'), input_tokens: count })
  .register(components, { id: 'InputTokenCount' });

export const responseCompaction = z
  .object({
    id: z.string(),
    object: z.literal('response.compaction'),
    created_at: unixTime,
    output: z
      .array(item)
      .describe('The messages that were kept, and the compaction, to be sent as input of later requests.'),
    usage: responseUsage,
  })
  .register(components, { id: 'ResponseCompaction' });
export type ResponseCompaction = z.output<typeof responseCompaction>;
