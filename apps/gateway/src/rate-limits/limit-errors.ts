import { AppError } from '@xerotier/errors';
import type { Bucket, LimitDecision, LimitName } from './limiter.ts';

type Rejection = LimitDecision & { readonly rejectedBy: LimitName };

/** The error of a rejected request. */
export function limitErrorOf({ rejectedBy, retryAfterMs }: Rejection, { tier, limits, quota }: Bucket): AppError {
  const options = { retryAfterSeconds: retryAfterMs / 1_000 };
  switch (rejectedBy) {
    case 'requests':
      return new AppError('limits.requests_exceeded', { tier, limit: limits.requestsPerMinute ?? 0 }, options);
    case 'tokens':
      return new AppError('limits.tokens_exceeded', { tier, limit: limits.tokensPerMinute ?? 0 }, options);
    case 'concurrency':
      return new AppError('limits.concurrency_exceeded', { tier, limit: limits.concurrencyMax ?? 0 }, options);
    case 'key_quota': {
      const { requests: limit = 0, windowSeconds = 0 } = quota ?? {};
      return new AppError('limits.key_quota_exceeded', { limit, windowSeconds }, options);
    }
    case 'key_spend':
      return new AppError('limits.key_spend_exceeded', {}, options);
    case 'project_spend':
      return new AppError('limits.project_spend_exceeded', {}, options);
  }
}
