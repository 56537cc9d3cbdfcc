/** Errors of stored completions. */
import { defineErrors } from '../define-errors.ts';

export const responsesErrors = defineErrors({
  'completion.not_found': {
    status: 404,
    publicCode: 'completion_not_found',
    retryable: false,
    message: "Completion '{completion}' was not found.",
  },
  'completion.unknown_cursor': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Invalid 'after': '{after}' is not in this list.",
  },
  'completion.too_large': {
    status: 413,
    publicCode: 'completion_too_large',
    retryable: false,
    message:
      "The completion and its messages are larger than {bytesMax} bytes and cannot be stored. Send the request without 'store'.",
  },
});
