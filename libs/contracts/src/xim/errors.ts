/** Errors of workers and their engines. */
import { AT_CAPACITY, defineErrors } from '../define-errors.ts';

export const ximErrors = defineErrors({
  'worker.busy': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: 'The worker has no free slot.',
    publicMessage: AT_CAPACITY,
  },
  'worker.draining': {
    status: 503,
    publicCode: 'capacity_exceeded',
    retryable: true,
    message: 'The worker is shutting down.',
    publicMessage: AT_CAPACITY,
  },
  'inference.context_length_exceeded': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: 'The prompt has {promptTokens} tokens, which leaves no room in the context of {contextTokens} tokens.',
  },
  'inference.prompt_too_long': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: "The request exceeds the model's context length: {reason}",
  },
  'inference.input_too_long': {
    status: 400,
    publicCode: 'context_length_exceeded',
    retryable: false,
    message: "'{param}' has at least {tokens} tokens, but the model accepts at most {contextTokens}.",
  },
  'inference.task_unsupported': {
    status: 400,
    publicCode: 'wrong_task_mode',
    retryable: false,
    message: 'The workers of this model cannot {task}.',
  },
  'inference.counting_unavailable': {
    status: 503,
    publicCode: 'no_worker_available',
    retryable: true,
    message: 'No worker of this model that counts tokens is available right now.',
  },
  'inference.upstream_rejected': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: 'The inference engine rejected the request: {reason}',
  },
  'inference.engine_failed': {
    status: 500,
    publicCode: 'engine_error',
    retryable: true,
    message: 'The inference engine failed during the generation.',
  },
  'inference.engine_unavailable': {
    status: 503,
    publicCode: 'engine_unavailable',
    retryable: true,
    message: 'The inference engine of this model is not available right now.',
  },
});
