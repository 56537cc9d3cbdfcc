/** Failures of generations that the engine caused: which ones count against its health, and how they are logged. */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';

/** Minimum length of a common substring that counts as text of the request. */
const REPEATED_LENGTH = 12;
const REASON_LENGTH_MAX = 300;
/** The reason is not logged for longer requests: the comparison would block the event loop. */
const REQUEST_LENGTH_MAX = 200_000;

/** Whether the engine, rather than the request or the caller, caused the failure. */
export function isEngineFailure(error: unknown): error is AppError {
  if (!AppError.is(error)) return false;
  return (
    error.code === 'inference.engine_failed' ||
    error.code === 'inference.engine_unavailable' ||
    // With a cause it is the server that is busy; the worker rejects for lack of its own slots before any work.
    (error.code === 'worker.busy' && error.cause !== undefined)
  );
}

/**
 * Logs one line for a failed generation, with its cause. The request id comes from the log context.
 * @param request the reason is withheld when it repeats text of this request.
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

/** Collects all strings of a request except its files. @returns false when they are too long. */
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

/** Undoes the escapes of JSON and Python, with which servers quote a request. */
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
