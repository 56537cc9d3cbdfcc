export interface RetryPolicy {
  /** Consecutive failed attempts after which a job fails. Default 10. */
  readonly attemptsMax: number;
  /** Upper bound of the first pause, doubled with each further one. Default 1000. */
  readonly pauseMs: number;
  /** Upper bound of any pause. Default 60,000. */
  readonly pauseMsMax: number;
}

/**
 * The pause before the next attempt: anywhere between 1 ms and a bound that doubles (full jitter), so that the jobs of a failed server do
 * not return to it at once.
 * @param failures consecutive ones, from 1.
 */
export function retryDelayMs(failures: number, policy: RetryPolicy, random: () => number = Math.random): number {
  const bound = Math.min(policy.pauseMs * 2 ** Math.min(failures - 1, 30), policy.pauseMsMax);
  return Math.max(1, Math.round(random() * bound));
}
