/** Errors of the batch service. */
import { defineErrors, TEMPORARILY_UNAVAILABLE } from '../define-errors.ts';

export const batchErrors = defineErrors({
  'batch.not_found': {
    status: 404,
    publicCode: 'batch_not_found',
    retryable: false,
    message: 'No batch found with id {batch}.',
  },
  'batch.ended': {
    status: 409,
    publicCode: 'batch_ended',
    retryable: false,
    message: "Cannot {action} a batch with status '{status}'.",
  },
  'batch.not_retryable': {
    status: 409,
    publicCode: 'batch_not_retryable',
    retryable: false,
    message: 'Cannot retry the batch {batch}: {reason}.',
  },
  'batch.stale_lease': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Another process works on the batch.',
    publicMessage: TEMPORARILY_UNAVAILABLE,
  },
});
