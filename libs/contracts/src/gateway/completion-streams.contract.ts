/** Streams of stored chat completions, whose events are kept by the gateway that runs them. */
import { z } from 'zod';
import { request, service, stream } from '../define.ts';
import { projectId } from '../ids.ts';

const completion = z.object({
  completionId: z.string().max(128),
  projectId,
  /** Restricts it to completions of this endpoint. */
  endpointId: z.uuid().optional(),
});

export const completionStreamsContract = service('completion-streams', {
  /** Data frames are one server-sent event each, with its id, until the last one. */
  follow: stream({
    subject: 'gateway.v1.completion-streams.follow.{gateway}',
    input: completion.extend({
      /** Id of the last event that is not repeated. */
      after: z.number().int().nonnegative().optional(),
    }),
    head: z.object({}),
    end: z.object({}),
    errors: ['completion.not_found', 'completion.events_expired'],
  }),
  /** Keeps the events of a completion no longer, if they are kept. */
  forget: request({
    subject: 'gateway.v1.completion-streams.forget.{gateway}',
    timeoutMs: 2_000,
    input: completion,
    output: z.object({}),
    errors: [],
  }),
});
