/** How long a request may take: as long as its tier and this process allow. */
import type { TierTimeouts } from '@xerotier/contracts/auth';
import type { RequestContext } from '@xerotier/contracts/inference';

/** The request context, with the timeouts of its tier. */
export interface TimedContext extends RequestContext {
  readonly timeouts?: TierTimeouts | undefined;
}

/** @param maxMs of this process. */
export function requestTimeoutOf({ timeouts }: TimedContext, maxMs: number): number {
  return Math.min(maxMs, msOf(timeouts?.requestTimeoutSeconds));
}

/** Infinity without an idle timeout. */
export function idleTimeoutOf({ timeouts }: TimedContext): number {
  return msOf(timeouts?.idleTimeoutSeconds);
}

function msOf(seconds: number | null | undefined): number {
  return seconds === null || seconds === undefined ? Infinity : seconds * 1_000;
}
