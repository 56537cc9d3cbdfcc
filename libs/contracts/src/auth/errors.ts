/** Errors of the auth service. */
import { defineErrors } from '../define-errors.ts';

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
});
