/** The one place where an error becomes an HTTP response. */
import { HttpException } from '@nestjs/common';
import { AppError, publicErrorBody, retryAfterSeconds } from '@xerotier/errors';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { noteError } from './access-log.ts';

/**
 * Writes the error envelope with its headers. If the response has begun already, the connection is destroyed instead.
 */
export function writeError(response: ServerResponse, error: AppError): void {
  noteError(response.req, error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(publicErrorBody(error));
  response.statusCode = error.status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(body));
  if (error.status === 429 || error.status === 503) response.setHeader('retry-after', String(retryAfterSeconds(error)));
  if (error.status === 401) response.setHeader('www-authenticate', challengeOf(error));
  // RFC 9110, 15.5.22.
  if (error.status === 426) response.setHeader('upgrade', 'websocket');
  response.end(body);
}

/**
 * The authentication challenge (RFC 6750): a request with an invalid key gets a reason, one without a key does not.
 */
function challengeOf(error: AppError): string {
  const challenge = 'Bearer realm="xerotier"';
  return error.code === 'auth.invalid_key' ? `${challenge}, error="invalid_token"` : challenge;
}

/** Writes an error as services exchange it, for another service. As `writeError`, if the response has begun. */
export function writeWireError(response: ServerResponse, error: AppError): void {
  noteError(response.req, error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(error.toWire());
  response.writeHead(error.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function replyWithError(reply: FastifyReply, error: AppError): void {
  reply.hijack();
  writeError(reply.raw, error);
}

/** How long a connection is kept for its client to read the response. */
const LINGER_MS = 1_000;

/**
 * Responds to a malformed request: there is no request object, so the envelope and its id are written to the socket.
 */
export function respondToClientError(error: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const failure = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? new AppError('request.timeout') : notHttp(error);
    const body = JSON.stringify(publicErrorBody(failure));
    // Not destroyed at once: a client that still sends would lose the response with the connection.
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.end(
      [
        `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
        `x-request-id: ${requestId}`,
        'content-type: application/json; charset=utf-8',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  } else socket.destroy();
}

function notHttp(error: NodeJS.ErrnoException): AppError {
  const reason = error.code === 'HPE_HEADER_OVERFLOW' ? 'The headers are too large.' : 'The request is not valid HTTP.';
  return new AppError('request.invalid', { reason }, { cause: error });
}

const FASTIFY_ERRORS: Readonly<Record<string, (cause: unknown, bodyBytesMax: number) => AppError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (cause, bytesMax) => new AppError('request.too_large', { bytesMax }, { cause }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) =>
    new AppError('request.unsupported_media_type', { mediaType: 'application/json' }, { cause }),
  FST_ERR_CTP_EMPTY_JSON_BODY: (cause) =>
    new AppError('request.unreadable_json', { reason: 'it is empty.' }, { cause }),
  ECONNRESET: (cause) => new AppError('inference.cancelled', {}, { cause }),
};

/** Whether this is Nest's error for an unknown route. */
export function isNoRoute(error: unknown): boolean {
  return error instanceof HttpException && !(error.cause instanceof Error) && error.getStatus() === 404;
}

/** Converts errors of the frameworks. */
export function toAppError(error: unknown, bodyBytesMax: number): AppError {
  if (AppError.is(error)) return error;
  // Nest wraps errors of Fastify: the original is the cause.
  if (error instanceof HttpException && error.cause instanceof Error) return toAppError(error.cause, bodyBytesMax);
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  const known = code === undefined ? undefined : FASTIFY_ERRORS[code];
  if (known !== undefined) return known(error, bodyBytesMax);
  if (statusCode === 408) return new AppError('request.timeout', {}, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AppError('request.invalid', { reason: message ?? 'The request is not valid HTTP.' }, { cause: error });
  }
  return AppError.from(error);
}
