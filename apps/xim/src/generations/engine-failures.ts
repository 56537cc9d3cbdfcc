/** Failures of generations that are the engine's: what its health hears of, and what the log has of them. */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';

/** Text of the request that is as long as this in a reason counts as repeated. */
const REPEATED_LENGTH = 12;
const REASON_LENGTH_MAX = 500;

/** Whether it says something about the engine, and not about the request or the caller. */
export function isEngineFailure(error: unknown): error is AppError {
  if (!AppError.is(error)) return false;
  return (
    error.code === 'inference.engine_failed' ||
    error.code === 'inference.engine_unavailable' ||
    // Its server's word: that the worker itself has no slot is found out before the work begins.
    (error.code === 'worker.busy' && error.cause !== undefined)
  );
}

/**
 * One line for one failed generation, with its cause. The request id comes from the log context.
 * @param request what was asked; what a server says of it is kept out of the log where it repeats its text.
 */
export function logEngineFailure(log: Logger, error: AppError, request: unknown, workerId: string): void {
  log.warn('generation failed', {
    workerId,
    code: error.code,
    upstreamStatus: error.details['upstreamStatus'],
    reason: reasonWithoutPrompt(error.cause, request),
  });
}

function reasonWithoutPrompt(cause: unknown, request: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const reason = cause.message.slice(0, REASON_LENGTH_MAX);
  return repeats(reason, request) ? '[withheld: it repeats the request]' : reason;
}

/** Whether any text in the request shares that many characters with the reason. */
function repeats(reason: string, value: unknown): boolean {
  if (typeof value === 'string') return sharesText(reason, value);
  if (Array.isArray(value)) return value.some((entry) => repeats(reason, entry));
  if (typeof value === 'object' && value !== null) return Object.values(value).some((entry) => repeats(reason, entry));
  return false;
}

function sharesText(reason: string, text: string): boolean {
  if (text.length < REPEATED_LENGTH) return text.length >= 4 && reason.includes(text);
  for (let at = 0; at + REPEATED_LENGTH <= reason.length; at += 1)
    if (text.includes(reason.slice(at, at + REPEATED_LENGTH))) return true;
  return false;
}
