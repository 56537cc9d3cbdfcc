/** Errors that any service may have: of HTTP requests, the message bus and the stores. */
import { defineErrors } from '../define-errors.ts';

export const platformErrors = defineErrors({
  'request.invalid': { status: 400, publicCode: 'invalid_request', retryable: false, message: '{reason}' },
  'request.unreadable_json': {
    status: 400,
    publicCode: 'json_parse_error',
    retryable: false,
    message: 'The request body is not valid JSON: {reason}',
  },
  'request.unsupported_parameter': {
    status: 400,
    publicCode: 'unsupported_parameter',
    retryable: false,
    message: "'{param}' is not supported here: {reason}",
  },
  'request.too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'The request body is larger than {bytesMax} bytes.',
  },
  'request.files_too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'The files of a request may have {bytesMax} bytes together.',
  },
  'request.unsupported_media_type': {
    status: 415,
    publicCode: 'unsupported_media_type',
    retryable: false,
    message: 'Send the body as {mediaType}.',
  },
  'request.timeout': {
    status: 408,
    publicCode: 'request_timeout',
    retryable: true,
    message: 'The request did not arrive in time.',
  },
  'route.not_found': {
    status: 404,
    publicCode: 'unknown_url',
    retryable: false,
    message: 'Unknown request URL: {method} {path}. {hint}',
  },
  'route.method_not_allowed': {
    status: 405,
    publicCode: 'method_not_allowed',
    retryable: false,
    message: '{method} is not allowed on {path}.',
  },
  'bus.no_responders': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Nobody answers {subject}.',
  },
  'bus.timeout': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: '{subject} did not answer in time.',
  },
  'bus.peer_lost': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The other side of a stream went silent.',
  },
  'bus.gap': {
    status: 503,
    publicCode: 'stream_interrupted',
    retryable: true,
    message: 'A part of the stream was lost.',
  },
  'bus.disconnected': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The message bus is not connected.',
  },
  'bus.unreadable': {
    status: 500,
    publicCode: 'internal_error',
    retryable: false,
    message: 'A message on {subject} does not fit its contract: {reason}',
  },
  'bus.overloaded': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: '{subject} has too many requests in flight.',
  },
  'bus.too_large': {
    status: 413,
    publicCode: 'request_too_large',
    retryable: false,
    message: 'A message on {subject} is larger than {bytesMax} bytes.',
  },
  'db.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The database does not answer right now.',
  },
  internal: {
    status: 500,
    publicCode: 'internal_error',
    retryable: false,
    message: 'Something went wrong on our side.',
  },
  'service.draining': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'This server is shutting down.',
  },
});
