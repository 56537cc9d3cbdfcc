/** Rate limit headers of responses: those of the platform, in seconds, and those of the OpenAI API. */
import type { Allowance, LimitDecision } from './limiter.ts';

/** Remaining share of an allowance below which a warning is added. */
const WARNING_SHARE = 0.1;

export function rateLimitHeaders({ requests, tokens }: LimitDecision): Record<string, string> {
  return {
    ...(requests !== null && {
      'x-ratelimit-limit': String(requests.limit),
      'x-ratelimit-remaining': String(requests.remaining),
      'x-ratelimit-reset': String(Math.ceil(requests.resetMs / 1_000)),
      ...openaiHeaders('requests', requests),
    }),
    ...(tokens !== null && openaiHeaders('tokens', tokens)),
    ...warning({ requests, tokens }),
  };
}

function openaiHeaders(kind: string, { limit, remaining, resetMs }: Allowance): Record<string, string> {
  return {
    [`x-ratelimit-limit-${kind}`]: String(limit),
    [`x-ratelimit-remaining-${kind}`]: String(remaining),
    [`x-ratelimit-reset-${kind}`]: durationText(resetMs),
  };
}

function warning(allowances: Pick<LimitDecision, 'requests' | 'tokens'>): Record<string, string> {
  const low = Object.entries(allowances).flatMap(([kind, allowance]: [string, Allowance | null]) =>
    allowance !== null && allowance.remaining < allowance.limit * WARNING_SHARE
      ? [`${allowance.remaining} of ${allowance.limit} ${kind} left in this minute`]
      : [],
  );
  return low.length === 0 ? {} : { 'x-ratelimit-warning': low.join('; ') };
}

/** Formats a duration as in the OpenAI API: `20ms`, `1.5s`, `6m0s`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms - minutes * 60_000) / 10) / 100;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
