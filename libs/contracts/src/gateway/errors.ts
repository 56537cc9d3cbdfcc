/** Errors of the HTTP edge. */
import { defineErrors } from '../define-errors.ts';

export const gatewayErrors = defineErrors({
  'auth.missing_key': {
    status: 401,
    publicCode: 'invalid_api_key',
    retryable: false,
    message: 'No API key provided. Send it as "Authorization: Bearer <key>".',
  },
  'auth.unavailable': {
    status: 503,
    publicCode: 'auth_unavailable',
    retryable: true,
    message: 'API keys cannot be verified right now. Try again later.',
  },
  'session.missing': {
    status: 401,
    publicCode: 'invalid_session',
    retryable: false,
    message: 'No session. Sign in with POST /api/v1/sessions.',
  },
  'session.origin_not_allowed': {
    status: 403,
    publicCode: 'origin_not_allowed',
    retryable: false,
    message: 'This request must come from the site itself: its Origin header is missing, or names another site.',
  },
  'session.role_insufficient': {
    status: 403,
    publicCode: 'role_insufficient',
    retryable: false,
    message: 'Only an owner of the project can do this.',
  },
  'session.system_role_insufficient': {
    status: 403,
    publicCode: 'role_insufficient',
    retryable: false,
    message: "Only an account with the system role '{role}' can do this.",
  },
  'websocket.upgrade_required': {
    status: 426,
    publicCode: 'upgrade_required',
    retryable: false,
    message: "This URL is a WebSocket: send 'Connection: Upgrade' and 'Upgrade: websocket'.",
  },
  'websocket.too_many_of_project': {
    status: 429,
    publicCode: 'websocket_connection_limit_reached',
    retryable: true,
    message: 'The project has {max} open WebSockets, and may not have more. Try again when one is closed.',
  },
  'websocket.too_many_of_key': {
    status: 429,
    publicCode: 'websocket_connection_limit_reached',
    retryable: true,
    message: 'The API key has {max} open WebSockets, and may not have more. Try again when one is closed.',
  },
  'websocket.expired': {
    status: 429,
    publicCode: 'websocket_connection_limit_reached',
    retryable: true,
    message: 'A WebSocket is open for at most {minutes} minutes. Open another one.',
  },
  'websocket.invalid_json': {
    status: 400,
    publicCode: 'invalid_json',
    retryable: false,
    message: 'The message could not be parsed as JSON: {reason}',
  },
  'websocket.unknown_event_type': {
    status: 400,
    publicCode: 'unknown_event_type',
    retryable: false,
    message: "Unknown event type '{event}': only 'response.create' is known.",
  },
  'websocket.invalid_stream_id': {
    status: 400,
    publicCode: 'invalid_stream_id',
    retryable: false,
    message: "Invalid 'stream_id': must be 1 to 256 letters, digits, '_', '-' or '.'.",
  },
  'websocket.too_many_streams': {
    status: 400,
    publicCode: 'websocket_stream_limit_reached',
    retryable: false,
    message: "A WebSocket has at most {max} different values of 'stream_id'. Use one again, or open another WebSocket.",
  },
  'websocket.too_many_waiting': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Too many requests wait on this WebSocket: at most {max}, of {bytesMax} bytes together.',
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
  'limits.requests_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: the tier {tier} allows {limit} requests per minute.',
  },
  'limits.management_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: {limit} requests per minute to the management API of this project or account.',
  },
  'limits.tokens_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: the tier {tier} allows {limit} tokens per minute, prompts and completions together.',
  },
  'limits.concurrency_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'Rate limit reached: the tier {tier} allows {limit} requests of a key at the same time.',
  },
  'limits.key_quota_exceeded': {
    status: 429,
    publicCode: 'insufficient_quota',
    retryable: false,
    message: 'The quota of this API key is used up: {limit} requests in {windowSeconds} seconds.',
  },
  'limits.key_spend_exceeded': {
    status: 429,
    publicCode: 'insufficient_quota',
    retryable: false,
    message:
      'This request could exceed the spend cap of this API key for this month. A lower max_completion_tokens reduces what it can cost.',
  },
  'limits.project_spend_exceeded': {
    status: 429,
    publicCode: 'insufficient_quota',
    retryable: false,
    message:
      'This request could exceed the spend cap of this project for this month. A lower max_completion_tokens reduces what it can cost.',
  },
  /** Quotas and spend caps are not exceeded while their counters are away. */
  'limits.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The counters of quotas and spend caps are unavailable.',
    publicMessage: 'Quotas and spend caps cannot be checked right now. Try again later.',
  },
  'batch.project_readers_exceeded': {
    status: 429,
    publicCode: 'rate_limit_exceeded',
    retryable: true,
    message: 'The project reads {max} outputs of batches at once, and may not read more. Try again when one has ended.',
  },
  'batch.too_many_readers': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Too many outputs of batches are read at once. Try again later.',
  },
  'files.unavailable': {
    status: 503,
    publicCode: 'storage_unavailable',
    retryable: true,
    message: 'Files are unavailable right now. Try again later.',
  },
  'conversations.unavailable': {
    status: 503,
    publicCode: 'storage_unavailable',
    retryable: true,
    message: 'Conversations are unavailable right now. Try again later.',
  },
  'responses.unavailable': {
    status: 503,
    publicCode: 'storage_unavailable',
    retryable: true,
    message: 'Responses and stored completions are unavailable right now. Try again later.',
  },
});
