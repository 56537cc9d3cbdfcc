/** Errors of the inference client, `libs/domain/inference`. */
import { defineErrors, INTERRUPTED, TEMPORARILY_UNAVAILABLE } from '../define-errors.ts';

export const inferenceErrors = defineErrors({
  'router.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The router is unavailable.',
    publicMessage: TEMPORARILY_UNAVAILABLE,
  },
  'inference.cancelled': {
    status: 499,
    publicCode: 'cancelled',
    retryable: false,
    message: 'The request was cancelled.',
  },
  'inference.deadline_exceeded': {
    status: 504,
    publicCode: 'deadline_exceeded',
    retryable: true,
    message: 'The request timed out before the response was complete.',
  },
  'inference.idle_timeout': {
    status: 504,
    publicCode: 'deadline_exceeded',
    retryable: true,
    message: 'The stream had no output for too long.',
  },
  'inference.interrupted': {
    status: 503,
    publicCode: 'stream_interrupted',
    retryable: true,
    message: 'The worker was lost during the generation.',
    publicMessage: INTERRUPTED,
  },
  'inference.client_too_slow': {
    status: 408,
    publicCode: 'client_too_slow',
    retryable: false,
    message: 'The client read the stream too slowly.',
  },
});
