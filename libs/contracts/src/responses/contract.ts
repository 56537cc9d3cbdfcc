/** What the responses service keeps: chat completions that were asked for with `store: true`. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { completionId, metadata } from '@xerotier/public-api/fields';

/**
 * What one stored completion may have in JSON, its messages included. A message on the bus has 1 MiB, and there has to be
 * room for metadata that grows later.
 */
export const STORED_BYTES_MAX = 900_000;

/** The chat completion object as clients read it. */
export const storedCompletion = z.looseObject({
  id: completionId,
  object: z.literal('chat.completion'),
  /** Unix seconds. */
  created: z.number().int(),
  /** The name that clients know the model by. */
  model: z.string().min(1).max(256),
  metadata,
});
export type StoredCompletion = z.infer<typeof storedCompletion>;

/** Whose completions are meant: of a whole project or, with an endpoint, what was answered there. */
const scope = { projectId, endpointId: z.uuid().optional() };
const one = { ...scope, id: completionId };
const page = {
  /** The last id of the page before. */
  after: z.string().max(256).optional(),
  limit: z.number().int().min(1).max(100),
  order: z.enum(['asc', 'desc']),
};

const TIMEOUT_MS = 5_000;

/** Somebody else's completion is `completion.not_found`, like one that does not exist. */
export const responsesContract = service('responses', {
  /** Answers once it is committed. Saving an id of a project again changes nothing. */
  save: request({
    subject: 'responses.v1.completions.save',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      endpointId: z.uuid(),
      /** Unix milliseconds; completions are listed in this order. */
      createdAt: z.number().int().nonnegative(),
      completion: storedCompletion,
      /** Of the request, as they came. */
      messages: z.array(z.record(z.string(), z.unknown())).max(2_048),
    }),
    output: z.object({}),
    errors: ['db.unavailable'],
  }),
  list: request({
    subject: 'responses.v1.completions.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      ...scope,
      ...page,
      model: z.string().max(256).optional(),
      /** Pairs that a completion must have, all of them. */
      metadata: metadata.optional(),
    }),
    /** A page may be shorter than its limit, since a message on the bus is bounded; `hasMore` says whether it is the last. */
    output: z.object({ data: z.array(storedCompletion), hasMore: z.boolean() }),
    errors: ['completion.unknown_cursor', 'db.unavailable'],
  }),
  get: request({
    subject: 'responses.v1.completions.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object(one),
    output: storedCompletion,
    errors: ['completion.not_found', 'db.unavailable'],
  }),
  messages: request({
    subject: 'responses.v1.completions.messages',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ ...one, ...page }),
    output: z.object({
      /** `id` is the completion's with the place of the message behind it: `chatcmpl-1-0`. */
      data: z.array(z.object({ id: z.string(), message: z.record(z.string(), z.unknown()) })),
      hasMore: z.boolean(),
    }),
    errors: ['completion.not_found', 'completion.unknown_cursor', 'db.unavailable'],
  }),
  /** Replaces the metadata, all of it. */
  update: request({
    subject: 'responses.v1.completions.update',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ ...one, metadata }),
    output: storedCompletion,
    errors: ['completion.not_found', 'db.unavailable'],
  }),
  delete: request({
    subject: 'responses.v1.completions.delete',
    timeoutMs: TIMEOUT_MS,
    input: z.object(one),
    output: z.object({}),
    errors: ['completion.not_found', 'db.unavailable'],
  }),
});
