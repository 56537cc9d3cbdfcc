/** What the routes of stored completions are asked and answered, for the API's document and for the routes themselves. */
import { metadata } from '../fields/metadata.ts';
import { z } from 'zod';
import { chatCompletion } from '../chat-completions/response.ts';

/** `null` is what clearing it is written as. */
export const completionChanges = z.object({ metadata: metadata.nullable() });

export const storedChatCompletion = chatCompletion.extend({
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
});

const storedMessage = z.looseObject({
  id: z.string(),
  role: z.string(),
  content: z.string().nullable().describe('Null where the content has parts.'),
  content_parts: z.array(z.unknown()).nullable(),
  refusal: z.string().nullable(),
  name: z.string().nullable(),
});

const page = {
  object: z.literal('list'),
  first_id: z.string().describe('Empty when there is nothing in it.'),
  last_id: z.string().describe('What to ask the next page with, in `after`.'),
  has_more: z.boolean(),
};

export const chatCompletionList = z.object({ ...page, data: z.array(storedChatCompletion) });
export const chatCompletionMessageList = z.object({ ...page, data: z.array(storedMessage) });

export const chatCompletionCancelled = z.object({
  id: z.string(),
  object: z.literal('chat.completion.cancelled'),
  cancelled: z.literal(true),
});

export const chatCompletionDeleted = z.object({
  id: z.string(),
  object: z.literal('chat.completion.deleted'),
  deleted: z.literal(true),
});
