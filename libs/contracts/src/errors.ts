/**
 * Every error of the platform, in one table. Each owner defines its own in `<owner>/errors.ts`, with the public code of
 * `@xerotier/public-api/errors` that clients receive instead.
 */
import { authErrors } from './auth/errors.ts';
import { batchErrors } from './batch/errors.ts';
import { filesErrors } from './files/errors.ts';
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
  ...filesErrors,
  ...batchErrors,
} as const;

export type ErrorTable = typeof errors;
export type ErrorCode = keyof ErrorTable;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}
