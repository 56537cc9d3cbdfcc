/** The error envelope of the public HTTP API: what a client of any OpenAI SDK reads. */
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

/** How long a client is told to wait when an overload does not say more precisely. */
const RETRY_AFTER_SECONDS_DEFAULT = 1;

/** The envelope of an error, with its public message. All four keys are always there; `retry_after` and `retry_strategy` on 429 and 503. */
export function publicErrorBody(error: AppError): PublicErrorBody {
  const { status, publicCode } = errors[error.code];
  const body: PublicErrorBody = {
    error: {
      message: error.publicMessage,
      type: publicErrorType(status),
      param: error.param ?? null,
      code: publicCode,
    },
  };
  if (status === 429 || status === 503) {
    body.error.retry_after = retryAfterSeconds(error);
    body.error.retry_strategy = 'exponential';
  }
  return body;
}

/** Whole seconds for `Retry-After`, at least one. */
export function retryAfterSeconds(error: AppError): number {
  return Math.max(1, Math.ceil(error.retryAfterSeconds ?? RETRY_AFTER_SECONDS_DEFAULT));
}
