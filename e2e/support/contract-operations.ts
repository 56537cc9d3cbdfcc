/**
 * Every operation of the public API, once per form of its response. The contract suite fails for a route of the gateway without
 * an entry here.
 */
import { scripted } from './api-client.ts';
import type { SchemaName } from './openai-schema.ts';
import { recordedChats } from './recorded-exchanges.ts';
import type { Json, RecordedExchange } from './recorded-exchanges.ts';
import { administrationErrors, administrationOperations } from './administration-operations.ts';
import { accountErrors, accountOperations } from './account-operations.ts';
import { secondFactorErrors, secondFactorOperations } from './second-factor-operations.ts';
import { signInErrors, signInOperations } from './sign-in-operations.ts';
import { teamErrors, teamOperations } from './team-operations.ts';
import type { Prepare } from './team-operations.ts';
import {
  apiKeyOperations,
  auditOperations,
  budgetOperations,
  endpointOperations,
  managementErrors,
  spendCapOperations,
  usageOperations,
} from './management-operations.ts';
import { batchErrors, batchOperations } from './batch-operations.ts';
import { conversationErrors, conversationOperations } from './conversation-operations.ts';
import { fileErrors, fileOperations, uploadOperations } from './file-operations.ts';
import { mediaOperations } from './media-operations.ts';
import { modelErrors, modelOperations } from './model-operations.ts';
import { responseErrors, responseOperations } from './response-operations.ts';
import { storedCompletionOperations } from './stored-completion-operations.ts';
import type { UpstreamReply } from './scripted-upstream.ts';

export interface Operation {
  readonly name: string;
  /**
   * As in the OpenAPI document, such as `POST /{project}/chat/v1/chat/completions`. `{unique}`, here and in bodies, is a new value
   * for each run.
   */
  readonly route: string;
  /** JSON or a multipart form. */
  readonly body?: unknown;
  /** A request that is sent first; its response has the `id` for `{id}` in the route. */
  readonly setup?: Pick<Operation, 'route' | 'body' | 'key'>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Requests that are sent first, if one is not enough. */
  readonly prepare?: Prepare;
  /** The API key, or the session of a user or an admin; default: a key with the scope inference. */
  readonly key?: 'management' | 'unknown' | 'none' | 'session' | 'admin';
  /** The reply of the upstream behind the endpoint `upstream`. */
  readonly upstream?: UpstreamReply;
  /** The expected status; default 200. */
  readonly status?: number;
  /** Of the body or of each event but the last; `events` are named by their types. Absent when OpenAI has none, or the body is not JSON. */
  readonly schema?: SchemaName | 'events';
  /** The content type of a body that is not JSON. */
  readonly mediaType?: string;
  /** How a stream ends; `event` is an ordinary event. */
  readonly ending?: 'done' | 'error' | 'event';
  /** The code of an error. */
  readonly code?: string;
}

const CHAT = 'POST /{project}/chat/v1/chat/completions';
const LLAMA = 'POST /{project}/tiny/v1/chat/completions';
const UPSTREAM = 'POST /{project}/upstream/v1/chat/completions';

const hello = { model: 'm', messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 24 };
const scriptedBody = (script: Readonly<Record<string, unknown>> = { tokens: 3 }): Record<string, unknown> =>
  scripted(script);

interface ChatOperation {
  readonly name: string;
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A chat completion without stream, with stream, and with stream and usage. */
function chat({ name, route, body }: ChatOperation): Operation[] {
  const streamed = { ...body, stream: true };
  const stream = { route, schema: 'CreateChatCompletionStreamResponse', ending: 'done' } as const;
  return [
    { name: `${name}, not streamed`, route, body, schema: 'CreateChatCompletionResponse' },
    { name: `${name}, streamed`, body: streamed, ...stream },
    {
      name: `${name}, streamed with usage`,
      body: { ...streamed, stream_options: { include_usage: true } },
      ...stream,
    },
  ];
}

/** A recorded completion of the OpenAI API, replayed by the upstream. */
function recorded(what: string, matches: (exchange: RecordedExchange) => boolean): Operation[] {
  return [false, true].flatMap((stream) => {
    const exchange = recordedChats.find((candidate) => candidate.stream === stream && matches(candidate));
    if (exchange === undefined) return [];
    const { request, response } = exchange;
    return [
      {
        name: `${what} of an upstream, ${stream ? 'streamed' : 'not streamed'}`,
        route: UPSTREAM,
        body: request,
        upstream: { stream, bodies: response.map(withoutRecordedNulls) },
        ...(stream
          ? { schema: 'CreateChatCompletionStreamResponse', ending: 'done' }
          : { schema: 'CreateChatCompletionResponse' }),
      } satisfies Operation,
    ];
  });
}

/** The recorder wrote these fields as `null` where the API had omitted them. */
const RECORDED_AS_NULL: ReadonlySet<string> = new Set(['role', 'tool_calls', 'id', 'type', 'name']);

function withoutRecordedNulls(body: Json): Json {
  const text = JSON.stringify(body, (name, value: unknown) =>
    value === null && RECORDED_AS_NULL.has(name) ? undefined : value,
  );
  return JSON.parse(text) as Json;
}

/** Embeddings of two inputs, at the base URLs of the endpoint and of the project. */
function embeddings(): Operation[] {
  const body = { model: 'embed', input: ['Hello there', 'Good bye'] };
  const route = 'POST /{project}/embed/v1/embeddings';
  return [
    { name: 'embeddings of an endpoint', route, body, schema: 'CreateEmbeddingResponse' },
    {
      name: 'embeddings of the project',
      route: 'POST /{project}/v1/embeddings',
      body,
      schema: 'CreateEmbeddingResponse',
    },
  ];
}

/** Operations that OpenAI does not have. */
function vendorOperations(): Operation[] {
  const ranked = { model: 'embed', query: 'What do cats eat?', documents: ['Cats eat mice.', { text: 'Trains.' }] };
  const scored = { model: 'embed', text_1: 'Hello there', text_2: ['Hello there', 'Good bye'] };
  const forms = [
    ['v1/rerank', ranked],
    ['v2/rerank', { ...ranked, top_n: 1, return_documents: false }],
    ['v1/score', scored],
  ] as const;
  return [
    ...forms.flatMap(([path, body]) => [
      { name: `${path} of an endpoint`, route: `POST /{project}/embed/${path}`, body },
      { name: `${path} of the project`, route: `POST /{project}/${path}`, body },
    ]),
    { name: 'API description', route: 'GET /', key: 'none' },
    { name: 'OpenAPI document', route: 'GET /openapi.json', key: 'none' },
    { name: 'API reference page', route: 'GET /docs', key: 'none', mediaType: 'text/html; charset=utf-8' },
    {
      name: 'script of the API reference page',
      route: 'GET /docs/redoc.standalone.js',
      key: 'none',
      mediaType: 'text/javascript; charset=utf-8',
    },
  ];
}

const hasToolCalls = ({ response }: RecordedExchange): boolean => JSON.stringify(response).includes('"tool_calls":[');
/** A completion with log probabilities; the recordings have them in streams only. */
const logprobsReply: UpstreamReply = {
  stream: false,
  bodies: [
    {
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', refusal: null },
          logprobs: { content: [{ token: 'Hi', logprob: -0.25, bytes: [72, 105], top_logprobs: [] }], refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 },
    },
  ],
};

const jsonSchema = {
  type: 'json_schema',
  json_schema: {
    name: 'answer',
    schema: { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] },
  },
};

/** Adds each operation of the project base URL at the base URL `/v1`. */
function withKeyBaseUrl(operations: readonly Operation[]): Operation[] {
  const atKeyBaseUrl = (route: string): string => route.replace(' /{project}/', ' /');
  return operations.flatMap((operation) => {
    if (!/ \/\{project\}\/v\d\//.test(operation.route)) return [operation];
    const { name, route } = operation;
    return [operation, { ...operation, name: `${name}, at /v1`, route: atKeyBaseUrl(route) }];
  });
}

const responses: readonly Operation[] = withKeyBaseUrl([
  ...chat({ name: 'a completion', route: CHAT, body: scriptedBody() }),
  ...chat({ name: 'a completion without text', route: CHAT, body: scriptedBody({ tokens: 0 }) }),
  ...chat({
    name: 'a completion cut off by max_tokens',
    route: CHAT,
    body: { ...scriptedBody({ tokens: 9 }), max_tokens: 2 },
  }),
  ...chat({ name: 'three choices', route: CHAT, body: { ...scriptedBody(), n: 3 } }),
  ...chat({
    name: 'a completion of the project',
    route: 'POST /{project}/v1/chat/completions',
    body: { ...scriptedBody(), model: 'chat' },
  }),
  ...chat({ name: 'a completion of the llama engine', route: LLAMA, body: hello }),
  ...chat({ name: 'two choices of the llama engine', route: LLAMA, body: { ...hello, n: 2 } }),
  ...chat({
    name: 'a JSON object of the llama engine',
    route: LLAMA,
    body: { ...hello, response_format: { type: 'json_object' } },
  }),
  ...chat({
    name: 'structured output of the llama engine',
    route: LLAMA,
    body: { ...hello, response_format: jsonSchema },
  }),
  ...recorded('a completion', ({ request }) => request['tools'] === undefined && request['logprobs'] === undefined),
  ...recorded('tool calls', hasToolCalls),
  ...recorded('log probabilities', ({ request }) => request['top_logprobs'] !== undefined),
  {
    name: 'log probabilities of an upstream, not streamed',
    route: UPSTREAM,
    body: { ...hello, logprobs: true, n: 2 },
    upstream: logprobsReply,
    schema: 'CreateChatCompletionResponse',
  },
  ...recorded('structured output', ({ request }) => request['response_format'] !== undefined),
  ...embeddings(),
  ...storedCompletionOperations(),
  ...vendorOperations(),
  ...mediaOperations,
  ...fileOperations(),
  ...uploadOperations(),
  ...batchOperations(),
  ...conversationOperations(),
  ...responseOperations(),
  ...apiKeyOperations(),
  ...endpointOperations(),
  ...modelOperations(),
  ...auditOperations(),
  ...spendCapOperations(),
  ...teamOperations(),
  ...secondFactorOperations(),
  ...signInOperations(),
  ...usageOperations(),
  ...budgetOperations(),
  ...accountOperations(),
  ...administrationOperations(),
  { name: 'models of an endpoint', route: 'GET /{project}/chat/v1/models', schema: 'ListModelsResponse' },
  { name: 'models of a project', route: 'GET /{project}/v1/models', schema: 'ListModelsResponse' },
  { name: 'a model of an endpoint', route: 'GET /{project}/chat/v1/models/scripted', schema: 'Model' },
  {
    name: 'a model by the id of its own response',
    route: 'GET /{project}/chat/v1/models/{id}',
    setup: { route: 'GET /{project}/chat/v1/models/scripted' },
    schema: 'Model',
  },
  { name: 'a model of a project', route: 'GET /{project}/v1/models/scripted', schema: 'Model' },
]);

/** An error of each status and code that can be caused without breaking the platform. */
const errors: readonly Operation[] = [
  ...accountErrors,
  ...fileErrors,
  ...batchErrors,
  ...modelErrors,
  ...conversationErrors,
  ...responseErrors,
  ...teamErrors,
  ...secondFactorErrors,
  ...signInErrors,
  ...managementErrors,
  { name: 'invalid JSON', route: CHAT, body: '{', status: 400, code: 'json_parse_error' },
  { name: 'a body that is not an object', route: CHAT, body: [], status: 400, code: 'invalid_request' },
  {
    name: 'a parameter out of range',
    route: CHAT,
    body: { ...scriptedBody(), n: 0 },
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'a parameter that the gateway does not support',
    route: CHAT,
    body: { ...scriptedBody(), modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
    status: 400,
    code: 'unsupported_parameter',
  },
  {
    name: 'a parameter that the engine does not support',
    route: CHAT,
    body: { ...scriptedBody(), logprobs: true },
    status: 400,
    code: 'unsupported_parameter',
  },
  {
    name: 'a prompt that exceeds the context',
    route: LLAMA,
    body: { ...hello, messages: [{ role: 'user', content: 'word '.repeat(20_000) }] },
    status: 400,
    code: 'context_length_exceeded',
  },
  {
    name: 'a request that the upstream rejects',
    route: UPSTREAM,
    body: hello,
    upstream: { stream: false, status: 400, bodies: [{ error: { message: 'no such thing', type: 'x', code: 1 } }] },
    status: 400,
    code: 'invalid_request',
  },
  { name: 'no API key', route: CHAT, body: scriptedBody(), key: 'none', status: 401, code: 'invalid_api_key' },
  {
    name: 'an unknown API key',
    route: CHAT,
    body: scriptedBody(),
    key: 'unknown',
    status: 401,
    code: 'invalid_api_key',
  },
  {
    name: 'an API key with another scope',
    route: CHAT,
    body: scriptedBody(),
    key: 'management',
    status: 403,
    code: 'scope_insufficient',
  },
  {
    name: 'no API key at /v1',
    route: 'GET /v1/models',
    key: 'none',
    status: 401,
    code: 'invalid_api_key',
  },
  { name: 'an unknown path at /v1', route: 'POST /v1/chats', body: scriptedBody(), status: 404, code: 'unknown_url' },
  {
    name: 'an unknown path',
    route: 'POST /{project}/chat/v1/chats',
    body: scriptedBody(),
    status: 404,
    code: 'unknown_url',
  },
  {
    name: 'an unknown project',
    route: 'POST /proj_none/chat/v1/chat/completions',
    body: scriptedBody(),
    status: 404,
    code: 'project_not_found',
  },
  {
    name: 'an unknown endpoint',
    route: 'POST /{project}/none/v1/chat/completions',
    body: scriptedBody(),
    status: 404,
    code: 'endpoint_not_found',
  },
  { name: 'an unknown model', route: 'GET /{project}/chat/v1/models/none', status: 404, code: 'model_not_found' },
  {
    name: 'an unknown model in a request',
    route: 'POST /{project}/v1/chat/completions',
    body: { ...scriptedBody(), model: 'none' },
    status: 404,
    code: 'model_not_found',
  },
  {
    name: 'a completion that was not stored',
    route: 'GET /{project}/chat/v1/chat/completions/{id}',
    setup: { route: CHAT, body: scriptedBody() },
    status: 404,
    code: 'completion_not_found',
  },
  {
    name: 'an unknown cursor',
    route: 'GET /{project}/chat/v1/chat/completions?after=chatcmpl-none',
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'a completion that is too large to be stored',
    route: CHAT,
    body: { ...scriptedBody(), store: true, messages: [{ role: 'user', content: 'word '.repeat(200_000) }] },
    status: 413,
    code: 'completion_too_large',
  },
  {
    name: 'an unsupported method',
    route: 'DELETE /{project}/chat/v1/chat/completions',
    status: 405,
    code: 'method_not_allowed',
  },
  {
    name: 'a capability that the endpoint does not have',
    route: 'POST /{project}/chat/v1/images/generations',
    body: { prompt: 'a bird' },
    status: 400,
    code: 'wrong_task_mode',
  },
  {
    name: 'a body that is too large',
    route: CHAT,
    body: JSON.stringify(scriptedBody()).padEnd(32 * 2 ** 20 + 1),
    status: 413,
    code: 'request_too_large',
  },
  {
    name: 'an unsupported media type',
    route: CHAT,
    body: scriptedBody(),
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'an engine that fails',
    route: CHAT,
    body: scriptedBody({ failAfter: 0 }),
    status: 500,
    code: 'engine_error',
  },
  {
    name: 'a model without workers',
    route: 'POST /{project}/idle/v1/chat/completions',
    body: hello,
    status: 503,
    code: 'no_worker_available',
  },
  ...accountErrors,
  ...administrationErrors,
].map((operation) => ({ ...operation, schema: 'ErrorResponse' }) as Operation);

export const operations: readonly Operation[] = [
  ...responses,
  ...errors,
  {
    name: 'a stream whose engine fails',
    route: CHAT,
    body: { ...scriptedBody({ tokens: 9, failAfter: 2 }), stream: true },
    schema: 'CreateChatCompletionStreamResponse',
    ending: 'error',
    code: 'engine_error',
  },
];
