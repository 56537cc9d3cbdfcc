/** Errors of stored completions, responses, conversations and items. */
import { defineErrors } from '../define-errors.ts';

export const responsesErrors = defineErrors({
  'completion.not_found': {
    status: 404,
    publicCode: 'completion_not_found',
    retryable: false,
    message: "Completion '{completion}' was not found.",
  },
  'completion.events_expired': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "The events of completion '{completion}' are not kept. Retrieve it without 'stream'.",
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
  'response.not_found': {
    status: 404,
    publicCode: 'response_not_found',
    retryable: false,
    message: "Response '{response}' was not found.",
  },
  'response.previous_not_found': {
    status: 400,
    publicCode: 'previous_response_not_found',
    retryable: false,
    message: "Previous response '{response}' was not found.",
  },
  'response.lost': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The response is no longer run by this process.',
  },
  'response.not_ended': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Response '{response}' has not ended yet, and cannot be continued.",
  },
  'response.not_cancellable': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: 'Cannot cancel a synchronous response.',
  },
  'response.not_streamed': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Response '{response}' was not created with 'stream: true' and has no events.",
  },
  'response.events_expired': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "The events of response '{response}' are no longer kept. Retrieve it without 'stream'.",
  },
  'response.too_deep': {
    status: 400,
    publicCode: 'response_context_too_large',
    retryable: false,
    message: 'The response would continue more than {max} responses.',
  },
  'response.context_too_large': {
    status: 400,
    publicCode: 'response_context_too_large',
    retryable: false,
    message: 'The items of the context of the response would be larger than {bytesMax} bytes.',
  },
  'conversation.not_found': {
    status: 404,
    publicCode: 'conversation_not_found',
    retryable: false,
    message: "Conversation '{conversation}' was not found.",
  },
  'conversation.too_many_items': {
    status: 409,
    publicCode: 'conversation_full',
    retryable: false,
    message: 'The conversation would have more than {max} items.',
  },
  'conversation.too_many_bytes': {
    status: 409,
    publicCode: 'conversation_full',
    retryable: false,
    message: 'The items of the conversation would be larger than {bytesMax} bytes.',
  },
  'conversation.has_item': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Item '{item}' is in the conversation already.",
  },
  'item.not_found': {
    status: 404,
    publicCode: 'item_not_found',
    retryable: false,
    message: "Item '{item}' was not found.",
  },
  'item.call_not_found': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "No tool call found for the output with the call_id '{call}'.",
  },
  'item.unreadable': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "'{param}' is not content that was encrypted for this project.",
  },
});
