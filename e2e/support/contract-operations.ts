/**
 * Every operation of the public API, once for each form that its answer has. Add a row for a new one: the contract suite
 * fails for a route of the gateway that has none.
 */
import { scripted } from './api-client.ts';
import type { SchemaName } from './openai-schema.ts';
import { recordedChats } from './recorded-exchanges.ts';
import type { Json, RecordedExchange } from './recorded-exchanges.ts';
import { mediaOperations } from './media-operations.ts';
import type { UpstreamReply } from './scripted-upstream.ts';

export interface Operation {
  readonly name: string;
  /** As the API's own documentation has it, such as `POST /{project}/chat/v1/chat/completions`. */
  readonly route: string;
  /** JSON, or a form. */
  readonly body?: unknown;
  /** What is asked first: `{id}` in the route is the `id` that this was answered with. */
  readonly after?: Pick<Operation, 'route' | 'body'>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose key is sent; default one for inference. */
  readonly key?: 'management' | 'unknown' | 'none';
  /** What the server behind endpoint `upstream` answers. */
  readonly upstream?: UpstreamReply;
  /** Default 200. */
  readonly status?: number;
  /** Of the body, or of each event but the last of a stream. Absent for what OpenAI does not have, and for what is no JSON. */
  readonly schema?: SchemaName;
  /** The content type of a body that is no JSON. */
  readonly mediaType?: string;
  /** For streams: what they end with; `event` is one as the others are. */
  readonly ending?: 'done' | 'error' | 'event';
  /** For errors. */
  readonly code?: string;
}

const CHAT = 'POST /{project}/chat/v1/chat/completions';
const LLAMA = 'POST /{project}/tiny/v1/chat/completions';
const UPSTREAM = 'POST /{project}/upstream/v1/chat/completions';

const hello = { model: 'm', messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 24 };
const words = (script: Readonly<Record<string, unknown>> = { tokens: 3 }): Record<string, unknown> => scripted(script);

interface Forms {
  readonly name: string;
  readonly route: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A chat completion in one piece, as a stream, and as a stream with its usage. */
function chat({ name, route, body }: Forms): Operation[] {
  const streamed = { ...body, stream: true };
  const stream = { route, schema: 'CreateChatCompletionStreamResponse', ending: 'done' } as const;
  return [
    { name: `${name}, whole`, route, body, schema: 'CreateChatCompletionResponse' },
    { name: `${name}, streamed`, body: streamed, ...stream },
    {
      name: `${name}, streamed with usage`,
      body: { ...streamed, stream_options: { include_usage: true } },
      ...stream,
    },
  ];
}

/** What the real API once answered, from the server behind a worker. */
function recorded(what: string, fits: (exchange: RecordedExchange) => boolean): Operation[] {
  return [false, true].flatMap((stream) => {
    const exchange = recordedChats.find((candidate) => candidate.stream === stream && fits(candidate));
    if (exchange === undefined) return [];
    const { request, response } = exchange;
    return [
      {
        name: `${what} of an upstream, ${stream ? 'streamed' : 'whole'}`,
        route: UPSTREAM,
        body: request,
        upstream: { stream, bodies: response.map(asSpoken) },
        ...(stream
          ? { schema: 'CreateChatCompletionStreamResponse', ending: 'done' }
          : { schema: 'CreateChatCompletionResponse' }),
      } satisfies Operation,
    ];
  });
}

/** The recorder wrote these fields as `null` where the API had left them out. */
const RECORDED_AS_NULL: ReadonlySet<string> = new Set(['role', 'tool_calls', 'id', 'type', 'name']);

function asSpoken(body: Json): Json {
  const text = JSON.stringify(body, (name, value: unknown) =>
    value === null && RECORDED_AS_NULL.has(name) ? undefined : value,
  );
  return JSON.parse(text) as Json;
}

/** An embedding of two inputs, of an endpoint and of the project. */
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

/** The stored completions of an endpoint and of the project, beginning with one that is stored for each. */
function storedCompletions(): Operation[] {
  const after = { route: CHAT, body: { ...words(), store: true, metadata: { topic: 'news' } } };
  const bases = [
    ['an endpoint', '/{project}/chat/v1/chat/completions'],
    ['a project', '/{project}/v1/chat/completions'],
  ] as const;
  return bases.flatMap(([of, path]): Operation[] => [
    { name: `the stored completions of ${of}`, route: `GET ${path}`, after, schema: 'ChatCompletionList' },
    {
      name: `a page of the stored completions of ${of}`,
      route: `GET ${path}?limit=1&order=desc&metadata[topic]=news`,
      after,
      schema: 'ChatCompletionList',
    },
    {
      name: `a stored completion of ${of}`,
      route: `GET ${path}/{id}`,
      after,
      schema: 'CreateChatCompletionResponse',
    },
    {
      name: `the messages of a stored completion of ${of}`,
      route: `GET ${path}/{id}/messages`,
      after,
      schema: 'ChatCompletionMessageList',
    },
    {
      name: `new metadata of a stored completion of ${of}`,
      route: `POST ${path}/{id}`,
      after,
      body: { metadata: { topic: 'sport' } },
      schema: 'CreateChatCompletionResponse',
    },
    {
      name: `the deletion of a stored completion of ${of}`,
      route: `DELETE ${path}/{id}`,
      after,
      schema: 'ChatCompletionDeleted',
    },
  ]);
}

/** What OpenAI does not have. */
function own(): Operation[] {
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
    { name: 'the greeting', route: 'GET /', key: 'none' },
    { name: 'the document of all this', route: 'GET /openapi.json', key: 'none' },
    { name: 'the document as a page', route: 'GET /docs', key: 'none', mediaType: 'text/html; charset=utf-8' },
    {
      name: 'the script of the page',
      route: 'GET /docs/redoc.standalone.js',
      key: 'none',
      mediaType: 'text/javascript; charset=utf-8',
    },
  ];
}

const saysToolCalls = ({ response }: RecordedExchange): boolean => JSON.stringify(response).includes('"tool_calls":[');
/** An answer with log probabilities in one piece; the recordings have them in streams only. */
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

/** What is on the base of a project is on that of its key alone. */
function byKeyToo(operations: readonly Operation[]): Operation[] {
  const alone = (route: string): string => route.replace(' /{project}/', ' /');
  return operations.flatMap((operation) => {
    if (!/ \/\{project\}\/v\d\//.test(operation.route)) return [operation];
    const { name, route } = operation;
    return [operation, { ...operation, name: `${name}, by its key alone`, route: alone(route) }];
  });
}

const responses: readonly Operation[] = byKeyToo([
  ...chat({ name: 'a completion', route: CHAT, body: words() }),
  ...chat({ name: 'a completion without text', route: CHAT, body: words({ tokens: 0 }) }),
  ...chat({ name: 'a completion that is cut off', route: CHAT, body: { ...words({ tokens: 9 }), max_tokens: 2 } }),
  ...chat({ name: 'three choices', route: CHAT, body: { ...words(), n: 3 } }),
  ...chat({
    name: 'a completion of the project',
    route: 'POST /{project}/v1/chat/completions',
    body: { ...words(), model: 'chat' },
  }),
  ...chat({ name: 'a completion of the llama engine', route: LLAMA, body: hello }),
  ...chat({ name: 'two choices of the llama engine', route: LLAMA, body: { ...hello, n: 2 } }),
  ...chat({
    name: 'a JSON object of the llama engine',
    route: LLAMA,
    body: { ...hello, response_format: { type: 'json_object' } },
  }),
  ...chat({
    name: 'JSON of a schema of the llama engine',
    route: LLAMA,
    body: { ...hello, response_format: jsonSchema },
  }),
  ...recorded('a completion', ({ request }) => request['tools'] === undefined && request['logprobs'] === undefined),
  ...recorded('tool calls', saysToolCalls),
  ...recorded('log probabilities', ({ request }) => request['top_logprobs'] !== undefined),
  {
    name: 'log probabilities of an upstream, whole',
    route: UPSTREAM,
    body: { ...hello, logprobs: true, n: 2 },
    upstream: logprobsReply,
    schema: 'CreateChatCompletionResponse',
  },
  ...recorded('JSON of a schema', ({ request }) => request['response_format'] !== undefined),
  ...embeddings(),
  ...storedCompletions(),
  ...own(),
  ...mediaOperations,
  { name: 'the models of an endpoint', route: 'GET /{project}/chat/v1/models', schema: 'ListModelsResponse' },
  { name: 'the models of a project', route: 'GET /{project}/v1/models', schema: 'ListModelsResponse' },
  { name: 'a model of an endpoint', route: 'GET /{project}/chat/v1/models/scripted', schema: 'Model' },
  {
    name: 'a model by the id in its own answer',
    route: 'GET /{project}/chat/v1/models/{id}',
    after: { route: 'GET /{project}/chat/v1/models/scripted' },
    schema: 'Model',
  },
  { name: 'a model of a project', route: 'GET /{project}/v1/models/scripted', schema: 'Model' },
]);

/** An error of each status and of each code that can be had without breaking the platform. */
const errors: readonly Operation[] = [
  { name: 'JSON that cannot be read', route: CHAT, body: '{', status: 400, code: 'json_parse_error' },
  { name: 'a body that is no object', route: CHAT, body: [], status: 400, code: 'invalid_request' },
  { name: 'a parameter out of bounds', route: CHAT, body: { ...words(), n: 0 }, status: 400, code: 'invalid_request' },
  {
    name: 'a parameter that the gateway does not serve',
    route: CHAT,
    body: { ...words(), modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
    status: 400,
    code: 'unsupported_parameter',
  },
  {
    name: 'a parameter that the engine cannot honour',
    route: CHAT,
    body: { ...words(), logprobs: true },
    status: 400,
    code: 'unsupported_parameter',
  },
  {
    name: 'a prompt without room',
    route: LLAMA,
    body: { ...hello, messages: [{ role: 'user', content: 'word '.repeat(20_000) }] },
    status: 400,
    code: 'context_length_exceeded',
  },
  {
    name: 'a refusal by the upstream',
    route: UPSTREAM,
    body: hello,
    upstream: { stream: false, status: 400, bodies: [{ error: { message: 'no such thing', type: 'x', code: 1 } }] },
    status: 400,
    code: 'invalid_request',
  },
  { name: 'no key', route: CHAT, body: words(), key: 'none', status: 401, code: 'invalid_api_key' },
  { name: 'an unknown key', route: CHAT, body: words(), key: 'unknown', status: 401, code: 'invalid_api_key' },
  {
    name: 'a key of another scope',
    route: CHAT,
    body: words(),
    key: 'management',
    status: 403,
    code: 'scope_insufficient',
  },
  {
    name: 'no key that could name a project',
    route: 'GET /v1/models',
    key: 'none',
    status: 401,
    code: 'invalid_api_key',
  },
  { name: 'an unknown path of a key', route: 'POST /v1/chats', body: words(), status: 404, code: 'unknown_url' },
  { name: 'an unknown path', route: 'POST /{project}/chat/v1/chats', body: words(), status: 404, code: 'unknown_url' },
  {
    name: 'an unknown project',
    route: 'POST /proj_none/chat/v1/chat/completions',
    body: words(),
    status: 404,
    code: 'project_not_found',
  },
  {
    name: 'an unknown endpoint',
    route: 'POST /{project}/none/v1/chat/completions',
    body: words(),
    status: 404,
    code: 'endpoint_not_found',
  },
  { name: 'an unknown model', route: 'GET /{project}/chat/v1/models/none', status: 404, code: 'model_not_found' },
  {
    name: 'an unknown model in a request',
    route: 'POST /{project}/v1/chat/completions',
    body: { ...words(), model: 'none' },
    status: 404,
    code: 'model_not_found',
  },
  {
    name: 'a completion that was not stored',
    route: 'GET /{project}/chat/v1/chat/completions/{id}',
    after: { route: CHAT, body: words() },
    status: 404,
    code: 'completion_not_found',
  },
  {
    name: 'a cursor that is in no list',
    route: 'GET /{project}/chat/v1/chat/completions?after=chatcmpl-none',
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'a completion that is too large to be stored',
    route: CHAT,
    body: { ...words(), store: true, messages: [{ role: 'user', content: 'word '.repeat(200_000) }] },
    status: 413,
    code: 'completion_too_large',
  },
  {
    name: 'another method',
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
    body: JSON.stringify(words()).padEnd(32 * 2 ** 20 + 1),
    status: 413,
    code: 'request_too_large',
  },
  {
    name: 'another media type',
    route: CHAT,
    body: words(),
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'unsupported_media_type',
  },
  { name: 'an engine that fails', route: CHAT, body: words({ failAfter: 0 }), status: 500, code: 'engine_error' },
  {
    name: 'a model without workers',
    route: 'POST /{project}/idle/v1/chat/completions',
    body: hello,
    status: 503,
    code: 'no_worker_available',
  },
].map((operation) => ({ ...operation, schema: 'ErrorResponse' }) as Operation);

export const operations: readonly Operation[] = [
  ...responses,
  ...errors,
  {
    name: 'a stream that breaks off',
    route: CHAT,
    body: { ...words({ tokens: 9, failAfter: 2 }), stream: true },
    schema: 'CreateChatCompletionStreamResponse',
    ending: 'error',
    code: 'engine_error',
  },
];
