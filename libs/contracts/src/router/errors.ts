/** Errors of placement. */
import { defineErrors } from '../define-errors.ts';

export const routerErrors = defineErrors({
  'router.no_worker': {
    status: 503,
    publicCode: 'no_worker_available',
    retryable: true,
    message: "No worker serves the model '{model}' right now.",
  },
  'router.queue_full': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: "All workers of the model '{model}' are busy and its queue is full.",
  },
  'router.queue_timeout': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: "No worker of the model '{model}' became free in time.",
  },
});
