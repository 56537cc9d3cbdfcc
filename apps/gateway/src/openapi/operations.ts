/**
 * Every operation of the public API, once. The document, the reference page and the tests of both are made from this table:
 * add a row for a new route, and the schemas that it names to schemas.ts.
 */
import type { ErrorCode } from '@xerotier/contracts/errors';
import { latencyTargetHeaders } from '../chat-completions/latency-target-headers.ts';
import { listQuery, pageQuery } from '../stored-completions/list-query.ts';
import { RATE_LIMIT_HEADERS } from './answer-headers.ts';
import type { Operation } from './operation.ts';

const ANY_ERRORS: readonly ErrorCode[] = [
  'request.invalid',
  'request.timeout',
  'auth.missing_key',
  'auth.invalid_key',
  'auth.scope_insufficient',
  'auth.unavailable',
  'project.not_found',
  'endpoint.not_found',
  'bus.no_responders',
  'bus.timeout',
  'bus.disconnected',
  'bus.overloaded',
  'bus.unreadable',
  'db.unavailable',
  'service.draining',
  'internal',
];
const BODY_ERRORS: readonly ErrorCode[] = [
  'request.unreadable_json',
  'request.too_large',
  'request.unsupported_media_type',
];
const MODEL_ERRORS: readonly ErrorCode[] = ['model.not_found', 'router.unavailable'];
/** Of everything that a worker answers. */
const INFERENCE_ERRORS: readonly ErrorCode[] = [
  ...ANY_ERRORS,
  ...BODY_ERRORS,
  ...MODEL_ERRORS,
  'request.unsupported_parameter',
  'endpoint.wrong_task',
  'limits.requests_exceeded',
  'limits.tokens_exceeded',
  'router.no_worker',
  'router.queue_full',
  'router.queue_timeout',
  'worker.busy',
  'worker.draining',
  'inference.engine_unavailable',
  'inference.task_unsupported',
  'inference.upstream_rejected',
  'inference.engine_failed',
  'inference.cancelled',
  'inference.deadline_exceeded',
  'inference.interrupted',
  'bus.peer_lost',
  'bus.gap',
  'bus.too_large',
];
const STORAGE_ERRORS: readonly ErrorCode[] = [...ANY_ERRORS, 'responses.unavailable'];
const WORKER_HEADERS = ['X-Xerotier-Worker-ID', ...RATE_LIMIT_HEADERS] as const;

const chatCompletions: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/chat/completions',
    operationId: 'createChatCompletion',
    tag: 'Chat completions',
    summary: 'Answer messages',
    description:
      "With `stream: true` the answer comes as server-sent events, and `[DONE]` ends it. On the bases without an endpoint `model` picks the endpoint: its slug, else its model's name.",
    headers: latencyTargetHeaders,
    body: {
      schema: 'CreateChatCompletionRequest',
      example: { model: 'xero-tiny', messages: [{ role: 'user', content: 'Hello there' }] },
    },
    answer: { 'application/json': 'ChatCompletion', 'text/event-stream': ['ChatCompletionChunk', 'StreamError'] },
    answerHeaders: [...WORKER_HEADERS, 'X-Xerotier-Max-Tokens-Clamped'],
    errors: [
      ...INFERENCE_ERRORS,
      'inference.context_length_exceeded',
      'inference.prompt_too_long',
      'inference.client_too_slow',
      'completion.too_large',
      'responses.unavailable',
    ],
  },
];

const storedCompletions: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/chat/completions',
    operationId: 'listChatCompletions',
    tag: 'Stored completions',
    summary: 'List stored completions',
    description: 'The oldest first, unless asked otherwise.',
    query: listQuery,
    answer: { 'application/json': 'ChatCompletionList' },
    errors: [...STORAGE_ERRORS, 'completion.unknown_cursor'],
  },
  {
    method: 'get',
    path: '/v1/chat/completions/{completion}',
    operationId: 'getChatCompletion',
    tag: 'Stored completions',
    summary: 'Retrieve a stored completion',
    answer: { 'application/json': 'StoredChatCompletion' },
    errors: [...STORAGE_ERRORS, 'completion.not_found'],
  },
  {
    method: 'post',
    path: '/v1/chat/completions/{completion}',
    operationId: 'updateChatCompletion',
    tag: 'Stored completions',
    summary: 'Cancel a completion, or update its metadata',
    description:
      'A completion that is still being answered is cancelled. Of one that is stored the metadata is replaced, all of it.',
    body: { schema: 'UpdateChatCompletionRequest', example: { metadata: { topic: 'news' } }, isRequired: false },
    answer: { 'application/json': ['StoredChatCompletion', 'ChatCompletionCancelled'] },
    errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'completion.not_found'],
  },
  {
    method: 'delete',
    path: '/v1/chat/completions/{completion}',
    operationId: 'deleteChatCompletion',
    tag: 'Stored completions',
    summary: 'Delete a stored completion',
    answer: { 'application/json': 'ChatCompletionDeleted' },
    errors: [...STORAGE_ERRORS, 'completion.not_found'],
  },
  {
    method: 'get',
    path: '/v1/chat/completions/{completion}/messages',
    operationId: 'listChatCompletionMessages',
    tag: 'Stored completions',
    summary: 'List the messages of a stored completion',
    description: 'Those of the request, as they came.',
    query: pageQuery,
    answer: { 'application/json': 'ChatCompletionMessageList' },
    errors: [...STORAGE_ERRORS, 'completion.not_found', 'completion.unknown_cursor'],
  },
];

const embeddings: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/embeddings',
    operationId: 'createEmbedding',
    tag: 'Embeddings',
    summary: 'Turn texts into vectors',
    body: { schema: 'CreateEmbeddingRequest', example: { model: 'embed', input: ['Hello there', 'Good bye'] } },
    answer: { 'application/json': 'EmbeddingList' },
    answerHeaders: WORKER_HEADERS,
    errors: [...INFERENCE_ERRORS, 'inference.input_too_long', 'inference.prompt_too_long'],
  },
];

const rerank = {
  method: 'post',
  tag: 'Reranking',
  summary: 'Sort documents by their relevance to a query',
  body: {
    schema: 'CreateRerankRequest',
    example: { model: 'embed', query: 'What do cats eat?', documents: ['Cats eat mice.', 'Trains run on rails.'] },
  },
  answer: { 'application/json': 'Rerank' },
  answerHeaders: WORKER_HEADERS,
  errors: [...INFERENCE_ERRORS, 'inference.input_too_long', 'inference.prompt_too_long'],
} as const satisfies Partial<Operation>;

const reranking: readonly Operation[] = [
  { ...rerank, path: '/v1/rerank', operationId: 'rerank' },
  { ...rerank, path: '/v2/rerank', operationId: 'rerankV2', description: 'The same as `/v1/rerank`.' },
  {
    method: 'post',
    path: '/v1/score',
    operationId: 'score',
    tag: 'Reranking',
    summary: 'Score pairs of texts',
    description:
      'Two sides under one pair of names: `text_1` and `text_2`, `queries` and `documents`, or `data_1` and `data_2`. One text on the left is scored against each on the right; otherwise both sides have as many.',
    body: {
      schema: 'CreateScoreRequest',
      example: { model: 'embed', text_1: 'What do cats eat?', text_2: ['Cats eat mice.', 'Trains run on rails.'] },
    },
    answer: { 'application/json': 'Score' },
    answerHeaders: WORKER_HEADERS,
    errors: [...INFERENCE_ERRORS, 'inference.input_too_long', 'inference.prompt_too_long'],
  },
];

const MEDIA_ERRORS: readonly ErrorCode[] = [...INFERENCE_ERRORS, 'capability.not_available'];
const FORM_ERRORS: readonly ErrorCode[] = [...MEDIA_ERRORS, 'request.files_too_large'];
/** What servers of this kind answer is theirs: it is passed on, and not described twice. */
const JSON_OR_EVENTS = { 'application/json': null, 'text/event-stream': null } as const;
const WRITTEN = { ...JSON_OR_EVENTS, 'text/plain': null, 'text/vtt': null, 'application/x-subrip': null } as const;
const SOUNDS = Object.fromEntries(
  ['mpeg', 'opus', 'ogg', 'aac', 'flac', 'wav', 'pcm'].map((kind) => [`audio/${kind}`, null]),
);

const media = { method: 'post', tag: 'Audio and images', answerHeaders: WORKER_HEADERS } as const;
const form = 'multipart/form-data';

const audioAndImages: readonly Operation[] = [
  {
    ...media,
    path: '/v1/audio/speech',
    operationId: 'createSpeech',
    summary: 'Speak a text',
    body: { schema: 'CreateSpeechRequest', example: { model: 'speak', input: 'Good morning', voice: 'alloy' } },
    answer: { ...SOUNDS, 'text/event-stream': null },
    errors: MEDIA_ERRORS,
  },
  {
    ...media,
    path: '/v1/audio/transcriptions',
    operationId: 'createTranscription',
    summary: 'Write down what is said',
    description: 'With a file `file`.',
    body: { schema: 'CreateTranscriptionRequest', mediaType: form, example: { model: 'transcribe' } },
    answer: WRITTEN,
    errors: FORM_ERRORS,
  },
  {
    ...media,
    path: '/v1/audio/translations',
    operationId: 'createTranslation',
    summary: 'Write down in English what is said',
    description: 'With a file `file`.',
    body: { schema: 'CreateTranslationRequest', mediaType: form, example: { model: 'transcribe' } },
    answer: WRITTEN,
    errors: FORM_ERRORS,
  },
  {
    ...media,
    path: '/v1/images/generations',
    operationId: 'createImage',
    summary: 'Make an image',
    body: { schema: 'CreateImageRequest', example: { model: 'image', prompt: 'a bird' } },
    answer: JSON_OR_EVENTS,
    errors: MEDIA_ERRORS,
  },
  {
    ...media,
    path: '/v1/images/edits',
    operationId: 'createImageEdit',
    summary: 'Change an image',
    description: 'With files `image`, up to 16, and perhaps a `mask`.',
    body: { schema: 'CreateImageEditRequest', mediaType: form, example: { model: 'image', prompt: 'bluer' } },
    answer: JSON_OR_EVENTS,
    errors: FORM_ERRORS,
  },
  {
    ...media,
    path: '/v1/images/variations',
    operationId: 'createImageVariation',
    summary: 'Vary an image',
    description: 'With a file `image`.',
    body: { schema: 'CreateImageVariationRequest', mediaType: form, example: { model: 'image' } },
    answer: JSON_OR_EVENTS,
    errors: FORM_ERRORS,
  },
];

const models: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/models',
    operationId: 'listModels',
    tag: 'Models',
    summary: 'List models',
    description: 'Of the endpoint its one model, of the project all of them.',
    answer: { 'application/json': 'ModelList' },
    errors: [...ANY_ERRORS, 'router.unavailable'],
  },
  {
    method: 'get',
    path: '/v1/models/{model}',
    operationId: 'getModel',
    tag: 'Models',
    summary: 'Retrieve a model',
    answer: { 'application/json': 'Model' },
    errors: [...ANY_ERRORS, ...MODEL_ERRORS],
  },
];

const reference: readonly Operation[] = [
  {
    method: 'get',
    path: '/',
    isPublic: true,
    operationId: 'getWelcome',
    tag: 'Reference',
    summary: 'What this is, and where to go on',
    answer: { 'application/json': 'Welcome' },
    errors: ['request.timeout', 'internal'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    isPublic: true,
    operationId: 'getOpenapiDocument',
    tag: 'Reference',
    summary: 'This document',
    answer: { 'application/json': null },
    errors: ['request.timeout', 'internal'],
  },
  {
    method: 'get',
    path: '/docs',
    isPublic: true,
    operationId: 'getReferencePage',
    tag: 'Reference',
    summary: 'This document as a page',
    answer: { 'text/html': null },
    errors: ['request.timeout', 'internal'],
  },
];

export const operations: readonly Operation[] = [
  ...chatCompletions,
  ...storedCompletions,
  ...embeddings,
  ...reranking,
  ...audioAndImages,
  ...models,
  ...reference,
];
