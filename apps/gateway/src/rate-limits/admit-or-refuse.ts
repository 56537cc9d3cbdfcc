import type { FastifyReply } from 'fastify';
import type { Bucket, Hold } from './limiter.ts';
import type { Admission, RateLimitsService } from './rate-limits.service.ts';

/**
 * Lets a request in and puts what its client reads about limits on the answer, whatever that will be.
 * @returns what settles the hold; call it once the request is over.
 * @throws {AppError} `limits.requests_exceeded` or `limits.tokens_exceeded`, with the time to wait.
 */
export async function admitOrRefuse(
  limits: RateLimitsService,
  bucket: Bucket,
  hold: Hold,
  reply: FastifyReply,
): Promise<Admission['settle']> {
  const admission = await limits.admit(bucket, hold);
  for (const [name, value] of Object.entries(admission.headers)) reply.raw.setHeader(name, value);
  if (admission.refusal !== undefined) throw admission.refusal;
  return (usedTokens) => admission.settle(usedTokens);
}
