/**
 * What an error of a server means for a request: by its status, and by what it says where it comes in a body that has none, as
 * an event of a stream or with status 200.
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
  /** Its body, as text. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * The failure as an error of the platform: `inference.context_length_exceeded` or `inference.prompt_too_long`,
 * `inference.upstream_rejected`, `worker.busy`, else `inference.engine_failed`. `upstreamStatus` is in its details.
 */
export function errorOfFailure({ status, body, headers = {} }: UpstreamFailure, secrets: readonly string[]): AppError {
  const reason = upstreamReason(body, secrets);
  const cause = new Error(`The upstream answered ${status}: ${reason}`);
  // Some servers call a prompt that does not fit a failure of their own.
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

/** The error in a body that has none of what was asked for, or an `error` beside it; undefined when there is none. */
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

/** What responses have, and errors do not. */
const CONTENTS = ['choices', 'data', 'results', 'usage'] as const;
/** What tells an error from some other event with a message. */
const STATUSES = ['code', 'status', 'status_code', 'error_type', 'type'] as const;

/** `{"detail": ...}` of FastAPI, and `{"message": ..., "code": ...}` of others. */
function isBareError(json: Json): boolean {
  // Nearly every chunk.
  if (json['choices'] !== undefined || CONTENTS.some((name) => json[name] !== undefined)) return false;
  if (json['detail'] !== undefined) return true;
  return typeof json['message'] === 'string' && STATUSES.some((name) => json[name] != null);
}

/** The status that an error names, as a number, in digits or by a word. The most particular field comes first. */
function statusIn(error: Json): number | undefined {
  for (const value of [error['code'], error['status'], error['status_code'], error['error_type'], error['type']]) {
    const status = typeof value === 'string' ? (statusOfWord(value) ?? Number(value)) : value;
    if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600) return status;
  }
  return undefined;
}

/** Without case, marks and a last `error`: `BadRequestError` and `bad_request` are one. */
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

/** `Retry-After` in seconds or as a date, or OpenAI's own in milliseconds. At least a second, and bounded. */
function retryAfterOf(headers: NonNullable<UpstreamFailure['headers']>): { retryAfterSeconds?: number } {
  const told = String(headers['retry-after'] ?? '');
  const milliseconds = Number(headers['retry-after-ms']);
  const seconds = milliseconds > 0 ? milliseconds / 1_000 : secondsIn(told);
  return seconds > 0 ? { retryAfterSeconds: Math.min(Math.ceil(seconds), RETRY_AFTER_SECONDS_MAX) } : {};
}

function secondsIn(text: string): number {
  return /^[\d.]+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
}
