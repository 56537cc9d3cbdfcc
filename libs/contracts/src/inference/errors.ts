/** Errors of whoever has a worker generate: `libs/domain/inference`. */
import { defineErrors } from '../define-errors.ts';

export const inferenceErrors = defineErrors({
  'router.unavailable': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The request could not be placed right now.',
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
    message: 'The request did not finish in time.',
  },
  'inference.interrupted': {
    status: 503,
    publicCode: 'stream_interrupted',
    retryable: true,
    message: 'The worker was lost while it was answering.',
  },
  'inference.client_too_slow': {
    status: 408,
    publicCode: 'client_too_slow',
    retryable: false,
    message: 'The stream was not read in time.',
  },
});
