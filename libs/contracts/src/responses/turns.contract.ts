/** Turns of models, as the Responses API has them. The gateway has authorized and admitted what it asks for. */
import { z } from 'zod';
import { event, request, service, stream } from '../define.ts';
import { projectId, workerId } from '../ids.ts';
import { modelCallContext, usageRecord } from '../inference/index.ts';
import { tokenUsage } from '../inference/token-usage.ts';

/** Ids are texts of clients: one that no response can have is not found. */
const id = z.string().min(1).max(256);
const oneResponse = z.object({ projectId, id });

const TIMEOUT_MS = 5_000;

const INFERENCE_ERRORS = [
  'router.no_worker',
  'router.queue_full',
  'router.queue_timeout',
  'router.unavailable',
  'worker.busy',
  'worker.draining',
  'request.invalid',
  'request.unsupported_parameter',
  'inference.cancelled',
  'inference.context_length_exceeded',
  'inference.deadline_exceeded',
  'inference.engine_failed',
  'inference.engine_unavailable',
  'inference.idle_timeout',
  'inference.interrupted',
  'inference.prompt_too_long',
  'inference.task_unsupported',
  'inference.upstream_rejected',
  'service.draining',
] as const;

const CONTEXT_ERRORS = [
  'response.previous_not_found',
  'response.not_ended',
  'response.too_deep',
  'response.context_too_large',
  'conversation.not_found',
  'conversation.too_many_items',
  'item.not_found',
  'item.call_not_found',
  'item.unreadable',
  'file.not_found',
  'file.too_many_readings',
  'file.too_many_transfers',
  'files.unavailable',
  'egress.address_not_allowed',
  'egress.overloaded',
  'egress.timeout',
  'egress.too_large',
  'egress.too_many_redirects',
  'egress.unreachable',
  'egress.unreadable',
  'egress.url_not_allowed',
  'request.invalid',
  'request.unsupported_parameter',
  'db.unavailable',
] as const;

const turn = z.object({
  call: modelCallContext,
  /** As `createResponseRequest` of the public API parses it, with the defaults of the endpoint. */
  request: z.looseObject({}),
  /** Of the endpoint. */
  systemPrompt: z.string().optional(),
});

export const turnsContract = service('turns', {
  /**
   * Runs one turn. Data frames are JSON: if the request is streamed, one event each, which begins with its `type`; else the parts of the
   * response object. An error is one of the request until the head has come.
   */
  run: stream({
    subject: 'responses.v1.turns.run',
    input: turn.extend({
      /** Whether the usage is returned, to be recorded if and when the response is kept, instead of being recorded. */
      returnsUsageRecord: z.boolean().default(false),
      /** Of the response that it continues, if the caller keeps that one instead of this service. */
      kept: z
        .object({
          /** How many items at the beginning of the input are those of the response. */
          items: z.number().int().nonnegative(),
          /** The stored response that the response continues itself. */
          previousId: id.optional(),
        })
        .optional(),
      /** Whether the model is called. Otherwise the response has no output, and can be continued. */
      generates: z.boolean().default(true),
    }),
    /** Of the first call of a model; absent if it has not begun within a second. */
    head: z.object({ workerId: workerId.optional() }),
    end: z.object({ usage: tokenUsage, usageRecord: usageRecord.optional() }),
    errors: [...INFERENCE_ERRORS, ...CONTEXT_ERRORS, 'response.lost', 'outbox.full'],
  }),
  /** Counts the input tokens of a turn, without running it. */
  count: stream({
    subject: 'responses.v1.turns.count',
    input: turn,
    head: z.object({ workerId }),
    end: z.object({ inputTokens: z.number().int().nonnegative() }),
    errors: [...INFERENCE_ERRORS, ...CONTEXT_ERRORS, 'inference.counting_unavailable'],
  }),
  /** Compacts the context of a turn. Data frames are the parts of the compaction object. */
  compact: stream({
    subject: 'responses.v1.turns.compact',
    input: turn,
    head: z.object({ workerId }),
    end: z.object({ usage: tokenUsage }),
    errors: [...INFERENCE_ERRORS, ...CONTEXT_ERRORS],
  }),
  /** Stores a turn that is run in the background. Data frames are the parts of the response object. */
  enqueue: stream({
    subject: 'responses.v1.turns.enqueue',
    input: turn,
    head: z.object({}),
    end: z.object({ id }),
    errors: CONTEXT_ERRORS,
  }),
});

/** A response has new events, or has ended. Not stored: whoever needs it looks by itself, too. */
export const responseChanged = event({
  subject: 'responses.v1.changed',
  data: z.object({ id, hasEnded: z.boolean() }),
});

export const storedResponsesContract = service('stored-responses', {
  /** Data frames are the parts of the response object, as JSON, with everything that can be included. */
  get: stream({
    subject: 'responses.v1.stored-responses.get',
    input: oneResponse,
    head: z.object({}),
    end: z.object({}),
    errors: ['response.not_found', 'db.unavailable'],
  }),
  /** Data frames are one event each, as those of a streamed turn, until the last one. */
  follow: stream({
    subject: 'responses.v1.stored-responses.follow',
    input: oneResponse.extend({
      /** `sequence_number` of the last event that is not repeated. */
      after: z.number().int().nonnegative().optional(),
      /** Whether deltas are padded. */
      obfuscates: z.boolean(),
    }),
    head: z.object({}),
    end: z.object({}),
    errors: ['response.not_found', 'response.not_streamed', 'response.events_expired', 'db.unavailable'],
  }),
  /** Data frames are the parts of the response object. One that has ended is not changed. */
  cancel: stream({
    subject: 'responses.v1.stored-responses.cancel',
    input: oneResponse,
    head: z.object({}),
    end: z.object({}),
    errors: ['response.not_found', 'response.not_cancellable', 'outbox.full', 'db.unavailable'],
  }),
  delete: request({
    subject: 'responses.v1.stored-responses.delete',
    timeoutMs: TIMEOUT_MS,
    input: oneResponse,
    output: z.object({}),
    errors: ['response.not_found', 'db.unavailable'],
  }),
  /** Data frames are the bytes of a JSON array of items. A page may be shorter than its limit; `hasMore` is false on the last page. */
  listInputItems: stream({
    subject: 'responses.v1.stored-responses.list-input-items',
    input: oneResponse.extend({
      /** The last id of the previous page. */
      after: z.string().max(256).optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
    }),
    head: z.object({}),
    end: z.object({ hasMore: z.boolean() }),
    errors: ['response.not_found', 'list.unknown_cursor', 'db.unavailable'],
  }),
});
