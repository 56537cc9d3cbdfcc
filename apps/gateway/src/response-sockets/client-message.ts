/** The messages of clients on WebSockets of responses. */
import { AppError } from '@xerotier/errors';
import { parseJsonBody, readFields } from '@xerotier/http';
import { isStreamId, responseCreateFields } from '@xerotier/public-api/responses';
import { printable } from '../access/check-access.ts';
import { fieldsOf, rejectUnsupported } from '../requests/request-fields.ts';
import type { Fields, UnsupportedParameter } from '../requests/request-fields.ts';

/**
 * Returns the fields of a message, as those of a body are parsed.
 * @throws {AppError} `websocket.invalid_json`; `request.invalid` for what is no object, or too deep.
 */
export function parseMessage(data: Buffer, isBinary: boolean): Fields {
  if (isBinary) throw new AppError('websocket.invalid_json', { reason: 'it is binary.' });
  if (data.length === 0) throw new AppError('websocket.invalid_json', { reason: 'it is empty.' });
  return fieldsOf(jsonOf(data));
}

function jsonOf(data: Buffer): unknown {
  try {
    return parseJsonBody(data);
  } catch (error) {
    const { code, details } = AppError.from(error);
    if (code !== 'request.unreadable_json') throw error;
    throw new AppError('websocket.invalid_json', { reason: String(details['reason']) }, { cause: error });
  }
}

/** @throws {AppError} `websocket.invalid_stream_id`. */
export function streamIdOf({ stream_id: id }: Fields): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (!isStreamId(id)) throw new AppError('websocket.invalid_stream_id', {}, { param: 'stream_id' });
  return id;
}

/** @throws {AppError} `websocket.unknown_event_type` for anything but `response.create`. */
export function requireResponseCreate({ type }: Fields): void {
  if (type === 'response.create') return;
  const event = typeof type === 'string' ? printable(type) : typeof type;
  throw new AppError('websocket.unknown_event_type', { event }, { param: 'type' });
}

/** On a WebSocket, events are always streamed, and a response ends with its connection. */
const UNSUPPORTED: readonly UnsupportedParameter[] = [
  {
    param: 'stream',
    isRequested: (value) => value !== true && value !== null,
    reason: 'events are always streamed on a WebSocket.',
  },
  {
    param: 'background',
    isRequested: (value) => value === true,
    reason: 'responses in the background are created with POST.',
  },
  {
    param: 'x_detach',
    isRequested: (value) => value === true,
    reason: 'responses that outlive their connection are created with POST.',
  },
];

export interface CreateMessage {
  /** As of a request over HTTP. */
  readonly body: Fields;
  /** Whether the model is called. */
  readonly generates: boolean;
}

/** @throws {AppError} `request.unsupported_parameter`, `request.invalid`. */
export function createMessageOf(fields: Fields): CreateMessage {
  rejectUnsupported(fields, UNSUPPORTED);
  const { generate } = readFields(responseCreateFields, fields);
  const { type: _type, stream_id: _streamId, generate: _generate, ...body } = fields;
  return { body: { ...body, stream: true }, generates: generate !== false };
}
