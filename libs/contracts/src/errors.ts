/**
 * Every error of the platform, in one table: each owner states its own in `<owner>/errors.ts`. The HTTP error `type` follows
 * from the status, in `publicErrorType` below.
 */
import { authErrors } from './auth/errors.ts';
import { gatewayErrors } from './gateway/errors.ts';
import { inferenceErrors } from './inference/errors.ts';
import { platformErrors } from './platform/errors.ts';
import { responsesErrors } from './responses/errors.ts';
import { routerErrors } from './router/errors.ts';
import { ximErrors } from './xim/errors.ts';

export type { ErrorDefinition } from './define-errors.ts';

export const errors = {
  ...platformErrors,
  ...gatewayErrors,
  ...authErrors,
  ...routerErrors,
  ...inferenceErrors,
  ...ximErrors,
  ...responsesErrors,
} as const;

export type ErrorTable = typeof errors;
export type ErrorCode = keyof ErrorTable;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}

/** The `type` of the public error envelope, by status (5xx without a row of its own is `server_error`). */
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
