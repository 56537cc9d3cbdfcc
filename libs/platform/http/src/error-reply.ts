/** The one place where an error becomes an HTTP answer. */
import { HttpException } from '@nestjs/common';
import { AppError, publicErrorBody, retryAfterSeconds } from '@xerotier/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';

/** Writes the error envelope with its headers, unless the answer has begun already: then the connection is cut, never left open. */
export function writeError(response: ServerResponse, error: AppError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(publicErrorBody(error));
  response.statusCode = error.status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(body));
  if (error.status === 429 || error.status === 503) response.setHeader('retry-after', String(retryAfterSeconds(error)));
  response.end(body);
}

export function replyWithError(reply: FastifyReply, error: AppError): void {
  reply.hijack();
  writeError(reply.raw, error);
}

const FASTIFY_ERRORS: Readonly<Record<string, (cause: unknown, bodyBytesMax: number) => AppError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (cause, bytesMax) => new AppError('request.too_large', { bytesMax }, { cause }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) => new AppError('request.unsupported_media_type', {}, { cause }),
  FST_ERR_CTP_EMPTY_JSON_BODY: (cause) =>
    new AppError('request.unreadable_json', { reason: 'it is empty.' }, { cause }),
  ECONNRESET: (cause) => new AppError('inference.cancelled', {}, { cause }),
};

/** What frameworks throw, as ours. */
export function toAppError(error: unknown, request: FastifyRequest, bodyBytesMax: number): AppError {
  if (AppError.is(error)) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  const known = code === undefined ? undefined : FASTIFY_ERRORS[code];
  if (known !== undefined) return known(error, bodyBytesMax);
  if (error instanceof HttpException && error.getStatus() === 404) return routeNotFound(request);
  if (statusCode === 408) return new AppError('request.timeout', {}, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AppError('request.invalid', { reason: message ?? 'The request is not valid HTTP.' }, { cause: error });
  }
  return AppError.from(error);
}

function routeNotFound(request: FastifyRequest): AppError {
  return new AppError('route.not_found', { method: request.method, path: request.url.split('?', 1)[0] ?? '' });
}
