import { AppError } from '@xerotier/errors';

/**
 * What is known of a failed request. Errors of the SDK are not kept: they refer to the response, in which a store may repeat the
 * access key and what was signed.
 */
class S3Failure extends Error {
  override readonly name = 'S3Failure';
  /** `AccessDenied`, `TimeoutError`, `ECONNREFUSED` ... */
  readonly code: string;
  /** Of the last response, if there was one. */
  readonly status: number | undefined;
  /** The store's name of the request. */
  readonly requestId: string | undefined;

  constructor(code: string, text: string, status?: number, requestId?: string) {
    super(`${code}${status === undefined ? '' : ` (HTTP ${status})`}: ${text}`);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

/** An error of the SDK, of which every field may be missing. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

const CODE_LENGTH_MAX = 60;
const TEXT_LENGTH_MAX = 300;

/** @param accessKeyId is replaced in the text. The secret key is never sent, so no text has it. */
export function unavailable(error: unknown, accessKeyId: string): AppError {
  const { name, message, code, $metadata = {} } = (error ?? {}) as SdkError;
  const text = (message ?? String(error)).replaceAll(accessKeyId, '***').slice(0, TEXT_LENGTH_MAX);
  const failure = new S3Failure(
    (code ?? name ?? 'unknown').slice(0, CODE_LENGTH_MAX),
    text,
    $metadata.httpStatusCode,
    $metadata.requestId,
  );
  return new AppError('store.unavailable', {}, { cause: failure });
}

function isNoSuchBucket(error: unknown): boolean {
  return codeOf(error) === 'NoSuchBucket';
}

/** The object or its upload does not exist. Responses without a body, to HEAD, do not say what it is that does not exist. */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404 && !isNoSuchBucket(error);
}

/** The range begins behind the end. */
export function isBehindEnd(error: unknown): boolean {
  return statusOf(error) === 416;
}

/** It exists already. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

function codeOf(error: unknown): string | undefined {
  return ((error ?? {}) as SdkError).name;
}

function statusOf(error: unknown): number | undefined {
  return ((error ?? {}) as SdkError).$metadata?.httpStatusCode;
}
