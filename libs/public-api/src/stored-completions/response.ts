/** Requests and responses of the operations on stored completions. */
import { metadata } from '../fields/metadata.ts';
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { page } from '../page/page.ts';
import { chatCompletion } from '../chat-completions/response.ts';

/** `null` clears the metadata. */
export const completionChanges = z
  .object({ metadata: metadata.nullable() })
  .register(components, { id: 'UpdateChatCompletionRequest' });

export const storedChatCompletion = chatCompletion
  .extend({
    request_id: z.string(),
    metadata,
    temperature: z.number(),
    top_p: z.number(),
    presence_penalty: z.number(),
    frequency_penalty: z.number(),
    seed: z.number().nullable(),
    input_user: z.string().nullable(),
    tools: z.array(z.unknown()).nullable(),
    tool_choice: z.unknown(),
    response_format: z.unknown(),
  })
  .register(components, { id: 'StoredChatCompletion' });

const storedMessage = z.looseObject({
  id: z.string(),
  role: z.string(),
  content: z.string().nullable().describe('Null if the content consists of parts.'),
  content_parts: z.array(z.unknown()).nullable(),
  refusal: z.string().nullable(),
  name: z.string().nullable(),
});

export const chatCompletionList = page(storedChatCompletion).register(components, { id: 'ChatCompletionList' });
export const chatCompletionMessageList = page(storedMessage).register(components, { id: 'ChatCompletionMessageList' });

export const chatCompletionCancelled = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.cancelled'),
    cancelled: z.literal(true),
  })
  .register(components, { id: 'ChatCompletionCancelled' });

export const chatCompletionDeleted = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.deleted'),
    deleted: z.literal(true),
  })
  .register(components, { id: 'ChatCompletionDeleted' });
