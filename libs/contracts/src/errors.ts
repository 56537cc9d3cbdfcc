/**
 * Every error of the platform, in one table. The key is the code that crosses the bus and appears in logs;
 * `publicCode` is what a client of the HTTP API reads. `retryable` says whether the same request may succeed when it
 * is sent again, here or elsewhere. `{names}` in a message are filled from the error's details, and only from there,
 * so a message never carries what a details object does not.
 *
 * The HTTP error `type` follows from the status, in `publicErrorType` below.
 */
export interface ErrorDefinition {
  readonly status: number;
  readonly publicCode: string;
  readonly retryable: boolean;
  readonly message: string;
}

function defineErrors<T extends Record<string, ErrorDefinition>>(table: T): T {
  return table;
}

export const errors = defineErrors({
  // What the client sent.
  'request.invalid': { status: 400, publicCode: 'invalid_request', retryable: false, message: '{reason}' },
  'request.unreadable_json': {
    status: 400,
    publicCode: 'json_parse_error',
    retryable: false,
    message: 'The request body is not valid JSON: {reason}',
  },
  'request.unsupported_parameter': {
    status: 400,
    publicCode: 'unsupported_parameter',
    retryable: false,
    message: "'{param}' is not supported here: {reason}",
  },
  'request.too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'The request body is larger than {bytesMax} bytes.',
  },
  'request.files_too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'The files of a request may have {bytesMax} bytes together.',
  },
  'request.unsupported_media_type': {
    status: 415,
    publicCode: 'unsupported_media_type',
    retryable: false,
    message: 'Send the body as {mediaType}.',
  },
  'request.timeout': {
    status: 408,
    publicCode: 'request_timeout',
    retryable: true,
    message: 'The request did not arrive in time.',
  },
  'route.not_found': {
    status: 404,
    publicCode: 'unknown_url',
    retryable: false,
    message: 'Unknown request URL: {method} {path}. {hint}',
  },
  'route.method_not_allowed': {
    status: 405,
    publicCode: 'method_not_allowed',
    retryable: false,
    message: '{method} is not allowed on {path}.',
  },

  // Who sent it.
  'auth.missing_key': {
    status: 401,
    publicCode: 'invalid_api_key',
    retryable: false,
    message: 'No API key provided. Send it as "Authorization: Bearer <key>".',
  },
  'auth.invalid_key': {
    status: 401,
    publicCode: 'invalid_api_key',
    retryable: false,
    message: 'Invalid API key provided.',
  },
  'auth.scope_insufficient': {
    status: 403,
    publicCode: 'scope_insufficient',
    retryable: false,
    message: "This API key does not have the '{scope}' scope.",
  },
  'auth.unavailable': {
    status: 503,
    publicCode: 'auth_unavailable',
    retryable: true,
    message: 'API keys cannot be checked right now.',
  },
  'project.not_found': {
    status: 404,
    publicCode: 'project_not_found',
    retryable: false,
    message: "Project '{project}' was not found.",
  },
  'endpoint.not_found': {
    status: 404,
    publicCode: 'endpoint_not_found',
    retryable: false,
    message: "Endpoint '{endpoint}' was not found.",
  },
  'endpoint.wrong_task': {
    status: 400,
    publicCode: 'wrong_task_mode',
    retryable: false,
    message: "The endpoint '{endpoint}' has the task '{task}'; this route needs an endpoint with the task {needed}.",
  },
  'capability.not_available': {
    status: 404,
    publicCode: 'capability_not_available',
    retryable: false,
    message: "This project has no endpoint with the task '{task}', which this route needs.",
  },
  'model.not_found': {
    status: 404,
    publicCode: 'model_not_found',
    retryable: false,
    message: "The model '{model}' does not exist or you do not have access to it.",
  },

  // Limits.
  'limits.requests_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: the tier {tier} allows {limit} requests per minute.',
  },
  'limits.tokens_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: the tier {tier} allows {limit} tokens per minute, prompts and answers together.',
  },

  // Placement.
  'router.no_worker': {
    status: 503,
    publicCode: 'no_worker_available',
    retryable: true,
    message: "No worker serves the model '{model}' right now.",
  },
  'router.queue_full': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: "All workers of the model '{model}' are busy and its queue is full.",
  },
  'router.queue_timeout': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: "No worker of the model '{model}' became free in time.",
  },
  'router.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The request could not be placed right now.',
  },
  'worker.busy': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: 'The worker has no free slot.',
  },
  'worker.draining': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: 'The worker is shutting down.',
  },

  // Inference.
  'inference.context_length_exceeded': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: 'The prompt has {promptTokens} tokens, which leaves no room in the context of {contextTokens} tokens.',
  },
  'inference.prompt_too_long': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: 'The request does not fit in the context of this model: {reason}',
  },
  'inference.input_too_long': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: "'{param}' has {tokens} tokens or more, and this model reads {contextTokens} at most.",
  },
  'inference.task_unsupported': {
    status: 400,
    publicCode: 'wrong_task_mode',
    retryable: false,
    message: 'The workers of this model cannot {task}.',
  },
  'inference.upstream_rejected': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: 'The engine refused the request: {reason}',
  },
  'inference.engine_failed': {
    status: 500,
    publicCode: 'engine_error',
    retryable: true,
    message: 'The engine failed while it was answering.',
  },
  'inference.engine_unavailable': {
    status: 503,
    publicCode: 'engine_unavailable',
    retryable: true,
    message: 'The inference engine of this model is not available right now.',
  },
  'inference.cancelled': {
    status: 499,
    publicCode: 'cancelled',
    retryable: false,
    message: 'The request was cancelled.',
  },
  'inference.deadline_exceeded': {
    status: 504,
    publicCode: 'deadline_exceeded',
    retryable: true,
    message: 'The request did not finish in time.',
  },
  'inference.interrupted': {
    status: 503,
    publicCode: 'stream_interrupted',
    retryable: true,
    message: 'The worker was lost while it was answering.',
  },
  'inference.client_too_slow': {
    status: 408,
    publicCode: 'client_too_slow',
    retryable: false,
    message: 'The stream was not read in time.',
  },

  // Stored completions.
  'completion.not_found': {
    status: 404,
    publicCode: 'completion_not_found',
    retryable: false,
    message: "Completion '{completion}' was not found.",
  },
  'completion.unknown_cursor': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "'{after}' is not in this list, so nothing comes after it.",
  },
  'completion.too_large': {
    status: 413,
    publicCode: 'completion_too_large',
    retryable: false,
    message: 'A completion and its messages can be stored up to {bytesMax} bytes: send this one without store.',
  },
  'responses.unavailable': {
    status: 503,
    publicCode: 'storage_unavailable',
    retryable: true,
    message: 'Completions cannot be stored or read right now.',
  },

  // The bus.
  'bus.no_responders': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Nobody answers {subject}.',
  },
  'bus.timeout': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: '{subject} did not answer in time.',
  },
  'bus.peer_lost': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The other side of a stream went silent.',
  },
  'bus.gap': {
    status: 503,
    publicCode: 'stream_interrupted',
    retryable: true,
    message: 'A part of the stream was lost.',
  },
  'bus.disconnected': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The message bus is not connected.',
  },
  'bus.unreadable': {
    status: 500,
    publicCode: 'internal_error',
    retryable: false,
    message: 'A message on {subject} does not fit its contract: {reason}',
  },
  'bus.overloaded': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: '{subject} has too many requests in flight.',
  },
  'bus.too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'A message on {subject} is larger than {bytesMax} bytes.',
  },

  // Stores.
  'db.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The database does not answer right now.',
  },

  internal: {
    status: 500,
    publicCode: 'internal_error',
    retryable: false,
    message: 'Something went wrong on our side.',
  },
  'service.draining': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'This server is shutting down.',
  },
});

export type ErrorTable = typeof errors;
export type ErrorCode = keyof ErrorTable;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}

/** The `type` of the public error envelope, by status (seed 004's table; 5xx without a row of its own is `server_error`). */
export function publicErrorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'service_unavailable';
    default:
      return status >= 500 ? 'server_error' : 'invalid_request_error';
  }
}
