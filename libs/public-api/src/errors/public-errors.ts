/**
 * The `code` and `type` of public errors. Clients handle errors by code, so codes are added, but never renamed. The error table
 * in libs/contracts maps every internal error to one of these codes.
 */
export const publicErrors = {
  invalid_request: { status: 400 },
  json_parse_error: { status: 400 },
  invalid_json: { status: 400 },
  unknown_event_type: { status: 400 },
  invalid_stream_id: { status: 400 },
  websocket_stream_limit_reached: { status: 400 },
  unsupported_parameter: { status: 400 },
  wrong_task_mode: { status: 400 },
  context_length_exceeded: { status: 400 },
  previous_response_not_found: { status: 400 },
  response_context_too_large: { status: 400 },
  invalid_token: { status: 400 },
  sign_in_failed: { status: 400 },
  invalid_model: { status: 400 },
  invalid_api_key: { status: 401 },
  invalid_credentials: { status: 401 },
  invalid_session: { status: 401 },
  invalid_code: { status: 401 },
  second_factor_required: { status: 401 },
  scope_insufficient: { status: 403 },
  address_not_allowed: { status: 403 },
  endpoint_not_allowed: { status: 403 },
  account_disabled: { status: 403 },
  email_not_verified: { status: 403 },
  origin_not_allowed: { status: 403 },
  role_insufficient: { status: 403 },
  project_archived: { status: 403 },
  storage_quota_exceeded: { status: 403 },
  invitation_for_other_account: { status: 403 },
  unknown_url: { status: 404 },
  project_not_found: { status: 404 },
  endpoint_not_found: { status: 404 },
  model_not_found: { status: 404 },
  capability_not_available: { status: 404 },
  completion_not_found: { status: 404 },
  response_not_found: { status: 404 },
  conversation_not_found: { status: 404 },
  item_not_found: { status: 404 },
  api_key_not_found: { status: 404 },
  tier_not_found: { status: 404 },
  session_not_found: { status: 404 },
  account_not_found: { status: 404 },
  member_not_found: { status: 404 },
  invitation_not_found: { status: 404 },
  budget_not_found: { status: 404 },
  file_not_found: { status: 404 },
  upload_not_found: { status: 404 },
  batch_not_found: { status: 404 },
  second_factor_not_found: { status: 404 },
  version_not_found: { status: 404 },
  provider_not_found: { status: 404 },
  identity_not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  request_timeout: { status: 408 },
  client_too_slow: { status: 408 },
  api_key_inactive: { status: 409 },
  limit_exceeded: { status: 409 },
  model_in_use: { status: 409 },
  version_exists: { status: 409 },
  version_in_use: { status: 409 },
  rollback_rejected: { status: 409 },
  conversation_full: { status: 409 },
  batch_ended: { status: 409 },
  batch_not_retryable: { status: 409 },
  slug_taken: { status: 409 },
  email_taken: { status: 409 },
  account_exists: { status: 409 },
  identity_in_use: { status: 409 },
  identity_linked_already: { status: 409 },
  last_sign_in_method: { status: 409 },
  second_factor_enabled: { status: 409 },
  second_factor_not_enabled: { status: 409 },
  last_owner: { status: 409 },
  last_admin: { status: 409 },
  tier_in_use: { status: 409 },
  already_member: { status: 409 },
  invitation_inactive: { status: 409 },
  idempotency_key_reused: { status: 409 },
  request_too_large: { status: 413 },
  completion_too_large: { status: 413 },
  file_too_large: { status: 413 },
  unsupported_media_type: { status: 415 },
  range_not_satisfiable: { status: 416 },
  upgrade_required: { status: 426 },
  rate_limit_exceeded: { status: 429 },
  websocket_connection_limit_reached: { status: 429 },
  too_many_attempts: { status: 429 },
  insufficient_quota: { status: 429 },
  cancelled: { status: 499 },
  internal_error: { status: 500 },
  engine_error: { status: 500 },
  endpoint_inactive: { status: 503 },
  service_unavailable: { status: 503 },
  auth_unavailable: { status: 503 },
  storage_unavailable: { status: 503 },
  no_worker_available: { status: 503 },
  capacity_exceeded: { status: 503 },
  stream_interrupted: { status: 503 },
  engine_unavailable: { status: 503 },
  deadline_exceeded: { status: 504 },
} as const satisfies Readonly<Record<string, { readonly status: number }>>;

export type PublicErrors = typeof publicErrors;
export type PublicErrorCode = keyof PublicErrors;

export const PUBLIC_ERROR_CODES = Object.keys(publicErrors) as PublicErrorCode[];

export type PublicErrorType = ReturnType<typeof publicErrorType>;

/** Returns the `type` of an error: that of its status, except for a quota, which the OpenAI API tells apart from a rate. */
export function publicErrorType(
  code: PublicErrorCode,
):
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'insufficient_quota'
  | 'service_unavailable'
  | 'server_error'
  | 'invalid_request_error' {
  if (code === 'insufficient_quota') return code;
  const { status } = publicErrors[code];
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
