import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ServerResponse } from 'node:http';
import type { Caller } from '../requests/caller.ts';
import type { RateLimitsService } from './rate-limits.service.ts';

/**
 * Lets a request in and puts what its client reads about limits on the answer, whatever that will be.
 * @param tokens the most that it may use.
 * @returns what charges it for what it really used; call it once the request is over.
 * @throws {AppError} `limits.requests_exceeded` or `limits.tokens_exceeded`, with the time to wait.
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
