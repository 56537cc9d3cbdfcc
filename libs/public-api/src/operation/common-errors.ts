/** Error codes that many operations share. */
import type { PublicErrorCode } from '../errors/public-errors.ts';

/** Errors of every operation that requires a key. */
export const COMMON_ERRORS = [
  'invalid_request',
  'request_timeout',
  'invalid_api_key',
  'scope_insufficient',
  'address_not_allowed',
  'endpoint_not_allowed',
  'project_archived',
  'auth_unavailable',
  'project_not_found',
  'endpoint_not_found',
  'service_unavailable',
  'internal_error',
] as const satisfies readonly PublicErrorCode[];

/** Errors of operations without a key. */
export const PUBLIC_ROUTE_ERRORS = ['request_timeout', 'internal_error'] as const satisfies readonly PublicErrorCode[];

export const BODY_ERRORS = [
  'json_parse_error',
  'request_too_large',
  'unsupported_media_type',
] as const satisfies readonly PublicErrorCode[];

/** Errors of every operation that runs on a worker. */
export const INFERENCE_ERRORS = [
  ...COMMON_ERRORS,
  ...BODY_ERRORS,
  'unsupported_parameter',
  'model_not_found',
  'endpoint_inactive',
  'wrong_task_mode',
  'rate_limit_exceeded',
  'insufficient_quota',
  'no_worker_available',
  'capacity_exceeded',
  'engine_unavailable',
  'engine_error',
  'cancelled',
  'deadline_exceeded',
  'stream_interrupted',
] as const satisfies readonly PublicErrorCode[];

export const STORAGE_ERRORS = [...COMMON_ERRORS, 'storage_unavailable'] as const satisfies readonly PublicErrorCode[];

/** Errors of every change that accepts an `Idempotency-Key`. */
export const CHANGE_ERRORS = ['idempotency_key_reused'] as const satisfies readonly PublicErrorCode[];

/** Errors of every operation that requires a session. */
export const SESSION_ERRORS = [
  'invalid_request',
  'request_timeout',
  'invalid_session',
  'origin_not_allowed',
  'rate_limit_exceeded',
  'service_unavailable',
  'internal_error',
] as const satisfies readonly PublicErrorCode[];

/** Errors of operations that begin a session. */
export const SIGN_IN_ERRORS = [
  'invalid_request',
  'request_timeout',
  'origin_not_allowed',
  'too_many_attempts',
  'service_unavailable',
  'internal_error',
  ...BODY_ERRORS,
] as const satisfies readonly PublicErrorCode[];

/** Errors of every operation that accepts an API key or the session of a member. */
export const PROJECT_ERRORS = [
  ...COMMON_ERRORS,
  ...SESSION_ERRORS,
  'role_insufficient',
] as const satisfies readonly PublicErrorCode[];

/** Errors of every operation that requires a system role. */
export const ADMINISTRATION_ERRORS = [
  ...SESSION_ERRORS,
  'role_insufficient',
] as const satisfies readonly PublicErrorCode[];
