/** What becomes of a line whose response is an error. */
import type { LineOutput } from '../lines/output-line.ts';
import type { LineResponse } from './line-caller.ts';

export type Verdict =
  /** The response is the result of the line. */
  | 'keep'
  /** The workers had no room: it is tried again until the batch expires. */
  | 'wait'
  /** Something failed: it is tried again a few times. */
  | 'retry';

const RETRIES_MAX = 3;
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 30_000;

/** @param failures how often the line has failed before, not counting waits. */
export function verdictOf({ status, body }: Pick<LineResponse, 'status' | 'body'>, failures: number): Verdict {
  // A spent cap does not pass like a lack of room.
  if (status === 429) return codeOf(body) === 'insufficient_quota' ? 'keep' : 'wait';
  if (status === 503) return 'wait';
  if (status >= 500 || status === 499 || status === 408) return failures < RETRIES_MAX ? 'retry' : 'keep';
  return 'keep';
}

function codeOf(body: Buffer): string | undefined {
  const { error } = JSON.parse(body.toString('utf8')) as { error?: { code?: string } };
  return error?.code;
}

/** Exponential with full jitter. @param attempt from 0. */
export function pauseMs(attempt: number, random = Math.random()): number {
  return Math.round(random * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** attempt));
}

export const EXPIRED: NonNullable<LineOutput['error']> = {
  code: 'batch_expired',
  message: 'This request could not be executed before the completion window expired.',
};

export const TOO_LARGE: NonNullable<LineOutput['error']> = {
  code: 'response_too_large',
  message: 'The response of this request is larger than 32 MB.',
};

export const CANCELLED: NonNullable<LineOutput['error']> = {
  code: 'batch_cancelled',
  message: 'This request was not executed, since the batch was cancelled.',
};
