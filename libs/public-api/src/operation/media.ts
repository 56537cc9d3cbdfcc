/** Common properties of audio and image operations. Responses are passed through from another server, so they have no schema. */
import { INFERENCE_ERRORS } from './common-errors.ts';
import { WORKER_HEADERS } from './response-headers.ts';

export const JSON_OR_EVENTS = ['application/json', 'text/event-stream'] as const;

export const mediaOperation = {
  method: 'post',
  permission: 'inference:write',
  tag: 'Audio and images',
  responseHeaders: WORKER_HEADERS,
  errors: [...INFERENCE_ERRORS, 'capability_not_available'],
} as const;
