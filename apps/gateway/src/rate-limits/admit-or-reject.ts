import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ServerResponse } from 'node:http';
import type { Caller } from '../requests/caller.ts';
import type { RateLimitsService } from './rate-limits.service.ts';

/**
 * Admits a request and sets the rate limit headers of its response, which may also be an error.
 * @param tokens maximum number of tokens of the request.
 * @returns a function that charges the actual usage; call it once the request has ended.
 * @throws {AppError} `limits.requests_exceeded` or `limits.tokens_exceeded`, with `retryAfterSeconds`.
 */
export async function admitOrReject(
  limits: RateLimitsService,
  { requestId, access, endpoint }: Caller,
  tokens: number,
  response: ServerResponse,
): Promise<(usage: TokenUsage) => void> {
  const bucket = { keyId: access.keyId, tier: endpoint.tier, limits: endpoint.limits };
  const admission = await limits.admit(bucket, { id: requestId, tokens });
  for (const [name, value] of Object.entries(admission.headers)) response.setHeader(name, value);
  if (admission.rejection !== undefined) throw admission.rejection;
  return ({ promptTokens, completionTokens }) => admission.settle(promptTokens + completionTokens);
}
