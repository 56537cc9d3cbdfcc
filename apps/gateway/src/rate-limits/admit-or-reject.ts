import type { TokenUsage } from '@xerotier/contracts/inference';
import type { RawRequest } from '@xerotier/http';
import { lineOf } from '../requests/batch-line.ts';
import type { Caller } from '../requests/caller.ts';
import type { RateLimitsService } from './rate-limits.service.ts';
import { costMicros, maxCostMicros } from './request-cost.ts';
import type { TokenEstimate } from './request-cost.ts';

/** A response, or what stands for it on a WebSocket, which has no headers. */
export interface LimitedResponse {
  readonly req: RawRequest;
  setHeader(name: string, value: string): unknown;
}

const UNLIMITED: Caller['endpoint']['limits'] = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrencyMax: null,
  burstRequests: null,
};

/**
 * Admits a request and sets the rate limit headers of its response, which may also be an error.
 * @param estimate what the request may use.
 * @returns a function that charges the actual usage; call it once the request has ended.
 * @throws {AppError} `limits.*`, with `retryAfterSeconds`.
 */
export async function admitOrReject(
  limits: RateLimitsService,
  { requestId, access, endpoint }: Caller,
  estimate: TokenEstimate,
  response: LimitedResponse,
): Promise<(usage: TokenUsage) => void> {
  const { price } = endpoint;
  const maxCost = access.spend === undefined || price === undefined ? 0 : maxCostMicros(estimate, price);
  // The limit of a batch is its allowance of enqueued tokens; a limit per minute would reject every large one.
  const isLine = lineOf(response.req) !== undefined;
  if (isLine && (access.spend === undefined || maxCost === 0)) return () => undefined;
  const bucket = {
    projectId: access.project.id,
    keyId: access.keyId,
    tier: endpoint.tier,
    limits: isLine ? UNLIMITED : endpoint.limits,
    quota: isLine ? undefined : access.quota,
    // What costs nothing is not limited by a spend cap.
    spend: maxCost === 0 ? undefined : access.spend,
  };
  const tokens = estimate.promptTokens + estimate.completionTokens;
  const admission = await limits.admit(bucket, { id: requestId, tokens, costMicros: maxCost });
  for (const [name, value] of Object.entries(admission.headers)) response.setHeader(name, value);
  if (admission.rejection !== undefined) throw admission.rejection;
  return (usage) =>
    admission.settle({
      tokens: usage.promptTokens + usage.completionTokens,
      costMicros: maxCost === 0 || price === undefined ? 0 : costMicros(usage, price),
    });
}
