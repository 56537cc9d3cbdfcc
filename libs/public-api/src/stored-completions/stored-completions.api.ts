import { z } from 'zod';
import { chatCompletionChunk } from '../chat-completions/response.ts';
import { streamError } from '../errors/response.ts';
import { completionId } from '../fields/ids.ts';
import { BODY_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { completionQuery, completionsQuery, lastEventIdHeaders, messagesQuery } from './query.ts';
import {
  chatCompletionCancelled,
  chatCompletionDeleted,
  chatCompletionList,
  chatCompletionMessageList,
  completionChanges,
  storedChatCompletion,
} from './response.ts';

const COLLECTION = '/v1/chat/completions';
const common = { tag: 'Stored completions' } as const;
const params = z.object({ completion: completionId.describe('The `id` of a chat completion.') });

export const listChatCompletions = defineOperation({
  ...common,
  operationId: 'listChatCompletions',
  sdk: { node: 'chat.completions.list' },
  method: 'get',
  path: COLLECTION,
  permission: 'completions:read',
  summary: 'List chat completions',
  description: 'Lists the completions that were created with `store: true`, oldest first by default.',
  query: completionsQuery,
  response: chatCompletionList,
  errors: STORAGE_ERRORS,
});

export const getChatCompletion = defineOperation({
  ...common,
  operationId: 'getChatCompletion',
  sdk: { node: 'chat.completions.retrieve' },
  method: 'get',
  path: `${COLLECTION}/{completion}`,
  permission: 'completions:read',
  summary: 'Get chat completion',
  description:
    'With `stream=true`, returns the events of a completion that was created with `stream: true`, from any of them on, while it runs and for ten minutes after it has ended.',
  params,
  query: completionQuery,
  headers: lastEventIdHeaders,
  response: storedChatCompletion,
  events: z.union([chatCompletionChunk, streamError]),
  errors: [...STORAGE_ERRORS, 'completion_not_found', 'client_too_slow', 'stream_interrupted'],
});

export const updateChatCompletion = defineOperation({
  ...common,
  operationId: 'updateChatCompletion',
  sdk: { node: 'chat.completions.update' },
  method: 'post',
  path: `${COLLECTION}/{completion}`,
  permission: 'completions:write',
  summary: 'Update chat completion',
  description: 'Replaces the metadata of a stored completion. Cancels a completion that is still being generated.',
  params,
  request: completionChanges,
  isRequestOptional: true,
  example: { metadata: { topic: 'news' } },
  response: z.union([storedChatCompletion, chatCompletionCancelled]),
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'completion_not_found'],
});

export const deleteChatCompletion = defineOperation({
  ...common,
  operationId: 'deleteChatCompletion',
  sdk: { node: 'chat.completions.delete' },
  method: 'delete',
  path: `${COLLECTION}/{completion}`,
  permission: 'completions:write',
  summary: 'Delete chat completion',
  params,
  response: chatCompletionDeleted,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'completion_not_found'],
});

export const getChatCompletionMessages = defineOperation({
  ...common,
  operationId: 'getChatCompletionMessages',
  sdk: { node: 'chat.completions.messages.list' },
  method: 'get',
  path: `${COLLECTION}/{completion}/messages`,
  permission: 'completions:read',
  summary: 'Get chat messages',
  description: 'Lists the messages of the request, verbatim.',
  params,
  query: messagesQuery,
  response: chatCompletionMessageList,
  errors: [...STORAGE_ERRORS, 'completion_not_found'],
});

/** In the order of the reference. */
export const storedCompletionsOperations = [
  listChatCompletions,
  getChatCompletion,
  updateChatCompletion,
  deleteChatCompletion,
  getChatCompletionMessages,
] as const;
