/** Errors of placement, and of uploaded models. */
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
  'model.in_use': {
    status: 409,
    publicCode: 'model_in_use',
    retryable: false,
    message: "The model '{model}' cannot be deleted: {reason}.",
  },
  'model.version_exists': {
    status: 409,
    publicCode: 'version_exists',
    retryable: false,
    message: "The model '{model}' has another version '{version}' already.",
  },
  'model.version_not_found': {
    status: 404,
    publicCode: 'version_not_found',
    retryable: false,
    message: "Version '{version}' of the model '{model}' was not found.",
  },
  'model.version_in_use': {
    status: 409,
    publicCode: 'version_in_use',
    retryable: false,
    message: "Version '{version}' is the latest one of the model '{model}'. Promote another one first.",
  },
  'model.rollback_rejected': {
    status: 409,
    publicCode: 'rollback_rejected',
    retryable: false,
    message: "The model '{model}' was not rolled back: {reason}.",
  },
});
