/** Failures of generations that are the engine's: what its health hears of, and what the log has of them. */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';

/** Text of the request that is as long as this in a reason counts as repeated. */
const REPEATED_LENGTH = 12;
const REASON_LENGTH_MAX = 300;
/** Of longer requests nothing that a server says is logged: looking for it would hold up the worker. */
const REQUEST_LENGTH_MAX = 200_000;

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
  const texts: string[] = [];
  if (!collectTexts(request, texts, { length: 0 })) return '[withheld: the request is too long to compare it with]';
  const plain = comparable(reason);
  return texts.some((text) => sharesText(plain, text)) ? '[withheld: it repeats the request]' : reason;
}

/** All texts in a request but its files. @returns false when they are too long. */
function collectTexts(value: unknown, texts: string[], so: { length: number }): boolean {
  if (typeof value === 'string') {
    so.length += value.length;
    if (so.length > REQUEST_LENGTH_MAX) return false;
    texts.push(comparable(value));
    return true;
  }
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, entry]) => name === 'files' || collectTexts(entry, texts, so));
}

/** Servers write texts as JSON or Python has them. */
function comparable(text: string): string {
  return text
    .replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))/gi, (_, four?: string, two?: string) =>
      String.fromCharCode(parseInt(four ?? two ?? '', 16)),
    )
    .replace(/\\[nrt]|\\(?=["'\\])|\s+/g, (gap) => (gap === '\\' ? '' : ' '));
}

function sharesText(reason: string, text: string): boolean {
  if (text.length < REPEATED_LENGTH) return text.length >= 4 && reason.includes(text);
  for (let at = 0; at + REPEATED_LENGTH <= reason.length; at += 1)
    if (text.includes(reason.slice(at, at + REPEATED_LENGTH))) return true;
  return false;
}
