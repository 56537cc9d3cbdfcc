/**
 * Translates errors of a server: by their status, or by their body where an error is an event of a stream or has the status
 * 200.
 */
import { AppError } from '@xerotier/errors';
import { contextLengthExceeded } from '../token-budget.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { readOverflow } from './upstream-overflow.ts';
import { upstreamReason } from './upstream-reason.ts';

const RETRY_AFTER_SECONDS_MAX = 300;

export interface UpstreamFailure {
  readonly status: number;
  /** The body as text. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Translates the failure to an error of the platform: `inference.context_length_exceeded` or `inference.prompt_too_long`,
 * `inference.upstream_rejected`, `worker.busy`, or else `inference.engine_failed`. Its details have the `upstreamStatus`.
 */
export function errorOfFailure({ status, body, headers = {} }: UpstreamFailure, secrets: readonly string[]): AppError {
  const reason = upstreamReason(body, secrets);
  const cause = new Error(`The upstream responded with ${status}: ${reason}`);
  // Some servers report a prompt that does not fit as an internal error.
  const overflow = [400, 413, 422, 500].includes(status) ? readOverflow(body) : undefined;
  if (overflow !== undefined) {
    const { promptTokens, contextTokens } = overflow;
    if (promptTokens !== undefined && contextTokens !== undefined)
      return contextLengthExceeded(promptTokens, contextTokens);
    const details = { reason, upstreamStatus: status, ...overflow };
    return new AppError('inference.prompt_too_long', details, { cause, param: 'messages' });
  }
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return new AppError('inference.upstream_rejected', { reason, upstreamStatus: status }, { cause });
    case 429:
    case 503:
    case 529:
      return new AppError('worker.busy', { upstreamStatus: status }, { cause, ...retryAfterOf(headers) });
    default:
      return new AppError('inference.engine_failed', { upstreamStatus: status }, { cause });
  }
}

/** Returns the error in a body; undefined when there is none. */
export function failureIn(json: Json): UpstreamFailure | undefined {
  const { error, object, type } = json;
  const isError =
    (typeof error === 'string' && error !== '') ||
    (asObject(error) !== undefined && Object.keys(error as object).length > 0) ||
    object === 'error' ||
    type === 'error' ||
    isBareError(json);
  return isError
    ? { status: statusIn(asObject(error) ?? {}) ?? statusIn(json) ?? 500, body: JSON.stringify(json) }
    : undefined;
}

/** Fields of responses that errors do not have. */
const CONTENTS = ['choices', 'data', 'results', 'usage'] as const;
/** Fields that distinguish an error from other events with a message. */
const STATUSES = ['code', 'status', 'status_code', 'error_type', 'type'] as const;

/** `{"detail": ...}` of FastAPI, and `{"message": ..., "code": ...}` of others. */
function isBareError(json: Json): boolean {
  // The fast path of nearly every chunk.
  if (json['choices'] !== undefined || CONTENTS.some((name) => json[name] !== undefined)) return false;
  if (json['detail'] !== undefined) return true;
  return typeof json['message'] === 'string' && STATUSES.some((name) => json[name] != null);
}

/** Returns the status of an error, from a number, digits or a word. The most specific field takes precedence. */
function statusIn(error: Json): number | undefined {
  for (const value of [error['code'], error['status'], error['status_code'], error['error_type'], error['type']]) {
    const status = typeof value === 'string' ? (statusOfWord(value) ?? Number(value)) : value;
    if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600) return status;
  }
  return undefined;
}

/** Compared without case, punctuation and a trailing `error`: `BadRequestError` equals `bad_request`. */
const WORDS: Readonly<Record<string, number>> = {
  badrequest: 400,
  invalidrequest: 400,
  invalidvalue: 400,
  invalidtype: 400,
  invalidargument: 400,
  invalidjson: 400,
  missingrequiredparameter: 400,
  unsupportedparameter: 400,
  unsupportedvalue: 400,
  contextlengthexceeded: 400,
  exceedcontextsize: 400,
  unprocessableentity: 422,
  validation: 422,
  authentication: 401,
  invalidapikey: 401,
  unauthorized: 401,
  permission: 403,
  permissiondenied: 403,
  notfound: 404,
  modelnotfound: 404,
  requesttoolarge: 413,
  ratelimit: 429,
  ratelimitexceeded: 429,
  toomanyrequests: 429,
  insufficientquota: 429,
  resourceexhausted: 429,
  unavailable: 503,
  serviceunavailable: 503,
  overloaded: 503,
  serveroverloaded: 503,
  internal: 500,
  internalserver: 500,
  server: 500,
  api: 500,
};

function statusOfWord(word: string): number | undefined {
  return WORDS[
    word
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .replace(/error$/, '')
  ];
}

/** Reads `Retry-After` (seconds or a date) or OpenAI's `retry-after-ms`. At least a second, at most 5 minutes. */
function retryAfterOf(headers: NonNullable<UpstreamFailure['headers']>): { retryAfterSeconds?: number } {
  const retryAfter = String(headers['retry-after'] ?? '');
  const milliseconds = Number(headers['retry-after-ms']);
  const seconds = milliseconds > 0 ? milliseconds / 1_000 : secondsIn(retryAfter);
  return seconds > 0 ? { retryAfterSeconds: Math.min(Math.ceil(seconds), RETRY_AFTER_SECONDS_MAX) } : {};
}

function secondsIn(text: string): number {
  return /^[\d.]+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
}
