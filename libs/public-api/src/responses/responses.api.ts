import { z } from 'zod';
import { BODY_ERRORS, INFERENCE_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { WORKER_HEADERS } from '../operation/response-headers.ts';
import { latencyTargetHeaders } from '../chat-completions/latency-target-headers.ts';
import { responseStreamEvent } from './events.ts';
import {
  compactResponseRequest,
  countInputTokensRequest,
  createResponseRequest,
  inputItemsQuery,
  retrieveQuery,
} from './request.ts';
import { responseCreateEvent, responseSocketEvent } from './web-socket.ts';
import { inputTokenCount, responseCompaction, responseDeleted, responseItemList, responseObject } from './response.ts';

const COLLECTION = '/v1/responses';
const ONE = `${COLLECTION}/{response}` as const;
const common = { tag: 'Responses' } as const;
const params = z.object({ response: z.string().describe('The `id` of a response.') });

/** Errors of every operation that runs a model on items, which may be stored. */
const CONTEXT_ERRORS = [
  ...INFERENCE_ERRORS,
  'context_length_exceeded',
  'storage_unavailable',
  'previous_response_not_found',
  'conversation_not_found',
  'item_not_found',
  'file_not_found',
  'response_context_too_large',
] as const;
const ONE_ERRORS = [...STORAGE_ERRORS, 'response_not_found'] as const;

export const createResponse = defineOperation({
  ...common,
  operationId: 'createResponse',
  sdk: { node: 'responses.create' },
  method: 'post',
  path: COLLECTION,
  permission: 'inference:write',
  summary: 'Create response',
  description:
    'With `stream: true` the response is a stream of server-sent events that ends with `[DONE]`. With `background: true` it is returned while it is queued, and can be retrieved until it has ended. On base URLs without an endpoint, `model` selects the endpoint, by its slug or the name of its model.',
  headers: latencyTargetHeaders,
  request: createResponseRequest,
  example: { model: 'xero-tiny', input: 'Hello there' },
  response: responseObject,
  events: responseStreamEvent,
  responseHeaders: [...WORKER_HEADERS, 'X-Xerotier-Max-Tokens-Clamped'],
  errors: [...CONTEXT_ERRORS, 'conversation_full', 'client_too_slow'],
});

export const connectResponses = defineOperation({
  ...common,
  operationId: 'connectResponses',
  sdk: { node: 'responses.ResponsesWS', python: 'responses.connect' },
  method: 'get',
  path: COLLECTION,
  permission: 'inference:write',
  summary: 'Create responses on a WebSocket',
  description:
    'Each `response.create` begins a response, whose events are sent as they are streamed over HTTP. An error of a request is an event of the type `error`.',
  headers: latencyTargetHeaders,
  example: { type: 'response.create', model: 'xero-tiny', input: 'Hello there' },
  webSocket: { fromClient: responseCreateEvent, fromServer: responseSocketEvent },
  errors: [
    ...createResponse.errors,
    'upgrade_required',
    'websocket_connection_limit_reached',
    'websocket_stream_limit_reached',
    'invalid_json',
    'invalid_stream_id',
    'unknown_event_type',
  ],
});

export const retrieveResponse = defineOperation({
  ...common,
  operationId: 'retrieveResponse',
  sdk: { node: 'responses.retrieve' },
  method: 'get',
  path: ONE,
  permission: 'responses:read',
  summary: 'Get response',
  description:
    'With `stream=true`, returns the events of a response that was created with `stream: true`, from any of them on, while it runs and for ten minutes after it has ended.',
  params,
  query: retrieveQuery,
  response: responseObject,
  events: responseStreamEvent,
  errors: [...ONE_ERRORS, 'client_too_slow', 'stream_interrupted'],
});

export const deleteResponse = defineOperation({
  ...common,
  operationId: 'deleteResponse',
  sdk: { node: 'responses.delete' },
  method: 'delete',
  path: ONE,
  permission: 'responses:write',
  summary: 'Delete response',
  description: 'Deletes a response, and those of its items that no other response and no conversation needs.',
  params,
  response: responseDeleted,
  errors: [...ONE_ERRORS, ...BODY_ERRORS],
});

export const cancelResponse = defineOperation({
  ...common,
  operationId: 'cancelResponse',
  sdk: { node: 'responses.cancel' },
  method: 'post',
  path: `${ONE}/cancel`,
  permission: 'responses:write',
  summary: 'Cancel response',
  description:
    'Cancels a response that was created with `background: true`. One that has ended is returned as it is. To cancel another response, close its connection.',
  params,
  response: responseObject,
  errors: [...ONE_ERRORS, ...BODY_ERRORS],
});

export const listInputItems = defineOperation({
  ...common,
  operationId: 'listInputItems',
  sdk: { node: 'responses.inputItems.list', python: 'responses.input_items.list' },
  method: 'get',
  path: `${ONE}/input_items`,
  permission: 'responses:read',
  summary: 'List input items',
  description: 'The items that the response was generated from, the last one first.',
  params,
  query: inputItemsQuery,
  response: responseItemList,
  errors: ONE_ERRORS,
});

export const countInputTokens = defineOperation({
  ...common,
  operationId: 'countInputTokens',
  sdk: { node: 'responses.inputTokens.count', python: 'responses.input_tokens.count' },
  method: 'post',
  path: `${COLLECTION}/input_tokens`,
  permission: 'inference:write',
  summary: 'Count input tokens',
  description: 'The number of input tokens that the engine counts for a request, without generating a response.',
  request: countInputTokensRequest,
  example: { model: 'xero-tiny', input: 'Hello there' },
  response: inputTokenCount,
  responseHeaders: WORKER_HEADERS,
  errors: CONTEXT_ERRORS,
});

export const compactResponse = defineOperation({
  ...common,
  operationId: 'compactResponse',
  sdk: { node: 'responses.compact' },
  method: 'post',
  path: `${COLLECTION}/compact`,
  permission: 'inference:write',
  summary: 'Compact response',
  description:
    'Summarizes a context with the model of the endpoint. The `output` replaces the context as `input` of later requests: messages that are kept, and one item that is encrypted.',
  request: compactResponseRequest,
  example: { model: 'xero-tiny', input: 'Hello there' },
  response: responseCompaction,
  responseHeaders: WORKER_HEADERS,
  errors: CONTEXT_ERRORS,
});

/** In the order of the reference. */
export const responsesOperations = [
  createResponse,
  connectResponses,
  retrieveResponse,
  deleteResponse,
  cancelResponse,
  listInputItems,
  countInputTokens,
  compactResponse,
] as const;
