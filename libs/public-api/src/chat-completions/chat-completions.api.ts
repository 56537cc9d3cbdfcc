import { z } from 'zod';
import { streamError } from '../errors/response.ts';
import { INFERENCE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { WORKER_HEADERS } from '../operation/response-headers.ts';
import { latencyTargetHeaders } from './latency-target-headers.ts';
import { chatCompletionRequest } from './request.ts';
import { chatCompletion, chatCompletionChunk } from './response.ts';

export const createChatCompletion = defineOperation({
  operationId: 'createChatCompletion',
  sdk: { node: 'chat.completions.create' },
  method: 'post',
  path: '/v1/chat/completions',
  permission: 'inference:write',
  tag: 'Chat completions',
  summary: 'Create chat completion',
  description:
    'With `stream: true` the response is a stream of server-sent events that ends with `[DONE]`. On base URLs without an endpoint, `model` selects the endpoint, by its slug or the name of its model.',
  headers: latencyTargetHeaders,
  request: chatCompletionRequest,
  example: { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello there' }] },
  response: chatCompletion,
  events: z.union([chatCompletionChunk, streamError]),
  responseHeaders: [...WORKER_HEADERS, 'X-Xerotier-Max-Tokens-Clamped'],
  errors: [
    ...INFERENCE_ERRORS,
    'context_length_exceeded',
    'client_too_slow',
    'completion_too_large',
    'storage_unavailable',
  ],
});

/** In the order of the reference. */
export const chatCompletionsOperations = [createChatCompletion] as const;
