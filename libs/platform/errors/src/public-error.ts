/** The error envelope of the public HTTP API, as the OpenAI SDKs parse it. */
import { errors } from '@xerotier/contracts/errors';
import { publicErrorType } from '@xerotier/public-api/errors';
import type { AppError } from './app-error.ts';

export interface PublicErrorBody {
  error: {
    message: string;
    type: string;
    param: string | null;
    code: string | null;
    retry_after?: number;
    retry_strategy?: string;
  };
}

/** The default of `Retry-After` when the error does not specify one. */
const RETRY_AFTER_SECONDS_DEFAULT = 1;

/**
 * Creates the envelope of an error with its public message. The four keys are always present; `retry_after` and
 * `retry_strategy` on 429 and 503.
 */
export function publicErrorBody(error: AppError): PublicErrorBody {
  const { status, publicCode, retryable } = errors[error.code];
  const body: PublicErrorBody = {
    error: {
      message: error.publicMessage,
      type: publicErrorType(publicCode),
      param: error.param ?? null,
      code: publicCode,
    },
  };
  if (status === 429 || status === 503) {
    body.error.retry_after = retryAfterSeconds(error);
    body.error.retry_strategy = retryable ? 'exponential' : 'none';
  }
  return body;
}

/** Returns whole seconds for `Retry-After`, at least one. */
export function retryAfterSeconds(error: AppError): number {
  return Math.max(1, Math.ceil(error.retryAfterSeconds ?? RETRY_AFTER_SECONDS_DEFAULT));
}
