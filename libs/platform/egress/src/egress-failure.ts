/** Failures of connections and servers as errors of the platform, whose messages contain nothing that a server has sent. */
import { AppError } from '@xerotier/errors';
import { errors } from 'undici';
import { HEADER_BYTES_MAX } from './pinned-client.ts';

export function unreadable(reason: string, cause?: unknown): AppError {
  return new AppError('egress.unreadable', { reason }, { cause });
}

/** Of a request that has no response. Returns the reason of the signal if it is aborted. */
export function requestFailure(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if (AppError.is(error)) return error;
  if (error instanceof errors.HeadersOverflowError) {
    return unreadable(`its headers are longer than ${HEADER_BYTES_MAX} bytes`, error);
  }
  if (error instanceof errors.HTTPParserError || error instanceof errors.ResponseContentLengthMismatchError) {
    return unreadable('it is not valid HTTP', error);
  }
  return new AppError('egress.unreachable', { reason: reasonOf(codeOf(error)) }, { cause: error });
}

/** Of the body of a response. Returns the reason of the signal if it is aborted. */
export function bodyFailure(error: Error, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  if (AppError.is(error)) return error;
  const isEncoding = /^(?:Z_(?!BUF_ERROR)|ERR_(?:BROTLI|_?ZLIB|ZSTD)|ZSTD_)/u.test(codeOf(error));
  return unreadable(isEncoding ? 'its content is not what its content-encoding says' : 'it ends early', error);
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function reasonOf(code: string): string {
  if (/CERT|SIGNATURE|TLS_|SSL/u.test(code)) return 'there is no TLS connection with a valid certificate';
  return code === 'ECONNREFUSED' ? 'it rejects connections' : 'the connection failed';
}
