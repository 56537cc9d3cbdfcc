/** Operations of the responses service, which stores chat completions with `store: true`. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { completionId, metadata } from '@xerotier/public-api/fields';

/**
 * Maximum size of a stored completion and its messages as JSON. A bus message is limited to 1 MiB, and metadata may grow with
 * an update.
 */
export const STORED_BYTES_MAX = 900_000;

/** The chat completion object as clients receive it. */
export const storedCompletion = z.looseObject({
  id: completionId,
  object: z.literal('chat.completion'),
  /** Unix seconds. */
  created: z.number().int(),
  /** The public name of the model. */
  model: z.string().min(1).max(256),
  metadata,
});
export type StoredCompletion = z.infer<typeof storedCompletion>;

/** Completions of a whole project, or of one of its endpoints. */
const scope = { projectId, endpointId: z.uuid().optional() };
const one = { ...scope, id: completionId };
const page = {
  /** The last id of the previous page. */
  after: z.string().max(256).optional(),
  limit: z.number().int().min(1).max(100),
  order: z.enum(['asc', 'desc']),
};

const TIMEOUT_MS = 5_000;

/** The completion of another project is `completion.not_found`, like one that does not exist. */
export const responsesContract = service('responses', {
  /** Responds once it is committed. Idempotent by project and id. */
  save: request({
    subject: 'responses.v1.completions.save',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      endpointId: z.uuid(),
      /** Unix milliseconds; completions are listed in this order. */
      createdAt: z.number().int().nonnegative(),
      completion: storedCompletion,
      /** Messages of the request, verbatim. */
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
      /** Pairs that a completion must have; all of them must match. */
      metadata: metadata.optional(),
    }),
    /** A page may be shorter than its limit, since a bus message is bounded; `hasMore` is false on the last page. */
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
      /** `id` is the id of the completion and the index of the message: `chatcmpl-1-0`. */
      data: z.array(z.object({ id: z.string(), message: z.record(z.string(), z.unknown()) })),
      hasMore: z.boolean(),
    }),
    errors: ['completion.not_found', 'completion.unknown_cursor', 'db.unavailable'],
  }),
  /** Replaces the metadata as a whole. */
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
