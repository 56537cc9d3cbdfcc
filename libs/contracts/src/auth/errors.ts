/** Errors of the auth service. */
import { defineErrors, TEMPORARILY_UNAVAILABLE } from '../define-errors.ts';

export const authErrors = defineErrors({
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
  'auth.address_not_allowed': {
    status: 403,
    publicCode: 'address_not_allowed',
    retryable: false,
    message: 'This API key may not be used from this address.',
  },
  'auth.endpoint_not_allowed': {
    status: 403,
    publicCode: 'endpoint_not_allowed',
    retryable: false,
    message: "This API key may not use the endpoint '{endpoint}'.",
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
  'api_key.not_found': {
    status: 404,
    publicCode: 'api_key_not_found',
    retryable: false,
    message: "API key '{key}' was not found.",
  },
  'api_key.inactive': {
    status: 409,
    publicCode: 'api_key_inactive',
    retryable: false,
    message: "API key '{key}' is revoked or expired, and cannot be changed.",
  },
  'api_key.too_many': {
    status: 409,
    publicCode: 'limit_exceeded',
    retryable: false,
    message: 'A project can have at most {max} active API keys. Revoke one first.',
  },
  'idempotency.key_reused': {
    status: 409,
    publicCode: 'idempotency_key_reused',
    retryable: false,
    message: "The Idempotency-Key '{key}' was used for another request.",
  },
  'list.unknown_cursor': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Invalid 'after': '{after}' is not in this list.",
  },
  'endpoint.paused': {
    status: 503,
    publicCode: 'endpoint_inactive',
    retryable: true,
    message: "Endpoint '{endpoint}' is paused. Resume it first.",
  },
  'endpoint.slug_taken': {
    status: 409,
    publicCode: 'slug_taken',
    retryable: false,
    message: "The slug '{endpoint}' is used by another endpoint of the project, or was used by a deleted one.",
  },
  'endpoint.too_many': {
    status: 409,
    publicCode: 'limit_exceeded',
    retryable: false,
    message: "A project can have at most {max} endpoints on the tier '{tier}'.",
  },
  'tier.not_found': {
    status: 404,
    publicCode: 'tier_not_found',
    retryable: false,
    message: "Tier '{tier}' was not found.",
  },
  'project.too_many': {
    status: 409,
    publicCode: 'limit_exceeded',
    retryable: false,
    message: 'An account can own at most {max} projects.',
  },
  'account.invalid_credentials': {
    status: 401,
    publicCode: 'invalid_credentials',
    retryable: false,
    message: 'The e-mail address or the password is wrong.',
  },
  'account.disabled': {
    status: 403,
    publicCode: 'account_disabled',
    retryable: false,
    message: 'This account is disabled.',
  },
  'account.email_taken': {
    status: 409,
    publicCode: 'email_taken',
    retryable: false,
    message: 'An account with this e-mail address exists. Sign in instead.',
  },
  'account.too_many_attempts': {
    status: 429,
    publicCode: 'too_many_attempts',
    retryable: true,
    message: 'Too many attempts. Try again later.',
  },
  'account.overloaded': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Too many passwords are waiting to be verified.',
    publicMessage: TEMPORARILY_UNAVAILABLE,
  },
  'session.invalid': {
    status: 401,
    publicCode: 'invalid_session',
    retryable: false,
    message: 'The session has ended. Sign in again.',
  },
  'session.not_found': {
    status: 404,
    publicCode: 'session_not_found',
    retryable: false,
    message: "Session '{session}' was not found.",
  },
});
