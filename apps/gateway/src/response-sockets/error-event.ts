import type { AppError } from '@xerotier/errors';
import { publicErrorBody } from '@xerotier/errors';

/** The event that a request on a WebSocket has failed, in the form of the OpenAI API. */
export function errorEvent(error: AppError, streamId: string | undefined): Buffer {
  const event =
    error.code === 'websocket.expired' ? expired(error) : { status: error.status, ...publicErrorBody(error) };
  return Buffer.from(
    JSON.stringify({ type: 'error', ...event, ...(streamId !== undefined && { stream_id: streamId }) }),
  );
}

/** The end of a connection has the code of one too many, but as with OpenAI it is no rate limit. */
function expired(error: AppError): object {
  const { message, param, code } = publicErrorBody(error).error;
  return { status: 400, error: { type: 'invalid_request_error', code, message, param } };
}
