/** The messages of a WebSocket on which responses are created: one event each, as JSON. */
import { z } from 'zod';
import { errorResponse } from '../errors/response.ts';
import { components } from '../openapi/components.ts';
import { responseStreamEvent } from './events.ts';
import { createResponseRequest } from './request.ts';

const STREAM_ID = /^[A-Za-z0-9_.-]{1,256}$/;

export function isStreamId(value: unknown): value is string {
  return typeof value === 'string' && STREAM_ID.test(value);
}

const streamId = z.string().regex(STREAM_ID).optional();

/** Fields that requests over HTTP do not have. */
export const responseCreateFields = z.object({
  type: z.literal('response.create'),
  stream_id: streamId.describe(
    'Requests with the same value run one after another, those with different values at the same time. It is part of their events.',
  ),
  generate: z
    .boolean()
    .nullish()
    .describe('Whether the model is called. Otherwise the response has no output, and can be continued. Default true.'),
});

export const responseCreateEvent = z
  .intersection(responseCreateFields, createResponseRequest)
  .register(components, { id: 'ResponseCreateEvent' });

const socketError = z.object({
  type: z.literal('error'),
  status: z.number().int().describe('The status that a response over HTTP would have.'),
  error: errorResponse.shape.error,
});

export const responseSocketEvent = z
  .intersection(z.object({ stream_id: streamId }), z.union([responseStreamEvent, socketError]))
  .register(components, { id: 'ResponseSocketEvent' });
