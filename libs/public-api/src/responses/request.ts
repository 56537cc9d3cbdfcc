/**
 * The requests of the operations on responses, with the bounds of the OpenAI specification, and our own bounds where it has
 * none. `null` is the same as omitting a field. Unknown fields are dropped.
 */
import { z } from 'zod';
import { metadata } from '../fields/metadata.ts';
import { queryFlag } from '../fields/query-flag.ts';
import { storableText } from '../fields/storable-text.ts';
import { includable, includeQuery } from '../items/index.ts';
import type { InputItem } from '../items/index.ts';
import { optional } from '../items/item-fields.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';
import {
  contextFields,
  historyFields,
  isTrigger,
  promptCacheFields,
  rejectContradictions,
  turnInput,
} from './context-fields.ts';
import type { Reject } from './context-fields.ts';

function notServed(reason: string): z.ZodOptional<z.ZodNull> {
  return z.null({ error: `is not supported: ${reason}` }).optional();
}

const serviceTier = z.nullish(z.string().max(64));

const contextManagement = z
  .array(
    z.object({
      type: z.literal('compaction'),
      compact_threshold: optional(z.number().int().min(1_000)).describe(
        'The number of tokens of the context from which it is compacted.',
      ),
    }),
  )
  .length(1);

const createFields = {
  ...contextFields,
  input: turnInput,
  max_output_tokens: z.nullish(z.number().int().min(16)),
  max_tool_calls: z.nullish(z.number().int().min(1)).describe('Counts calls of tools that the platform runs.'),
  temperature: z.nullish(z.number().min(0).max(2)),
  top_p: z.nullish(z.number().min(0).max(1)),
  presence_penalty: z.nullish(z.number().min(-2).max(2)).describe('As in Open Responses; OpenAI does not have it.'),
  frequency_penalty: z.nullish(z.number().min(-2).max(2)).describe('As in Open Responses; OpenAI does not have it.'),
  top_logprobs: z
    .nullish(z.number().int().min(0).max(20))
    .describe('Takes effect with `message.output_text.logprobs` in `include`.'),
  include: z.nullish(z.array(includable).max(includable.options.length)),
  metadata: z.nullish(metadata),
  store: z.nullish(z.boolean()).describe('Whether the response can be retrieved, and continued. Default true.'),
  background: z.nullish(z.boolean()).describe('Whether the response is returned before it is complete.'),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(
    z.object({
      include_obfuscation: optional(z.boolean()).describe(
        'Whether deltas are padded, so that their length does not tell the text. Default true.',
      ),
    }),
  ),
  context_management: z.nullish(contextManagement),
  service_tier: serviceTier,
  safety_identifier: z.nullish(storableText(64)),
  user: z.nullish(storableText(512)),
  ...promptCacheFields,
  prompt: notServed('there are no prompt templates'),
  moderation: notServed('there is no moderation'),
  /** Extension. */
  x_detach: z
    .nullish(z.boolean())
    .describe('Whether the work goes on when the client closes the stream. Default false.'),
};

export const createResponseRequest = z
  .object(createFields)
  .transform((body, context) => {
    const reject = rejectBy(context);
    rejectContradictions(body, reject);
    const triggerAt = (body.input ?? []).findIndex(isTrigger);
    if (triggerAt !== -1 && triggerAt !== (body.input ?? []).length - 1)
      reject(['input', triggerAt], 'must be the last item');
    if (body.stream_options != null && body.stream !== true)
      reject('stream_options', 'is only allowed when stream is true');
    if (body.x_detach === true && body.stream !== true) reject('x_detach', 'is only allowed when stream is true');
    if (body.x_detach === true && body.store === false) reject('x_detach', 'is not allowed when store is false');
    const { prompt: _prompt, moderation: _moderation, ...served } = body;
    const items = (body.input ?? []).filter((item) => !isTrigger(item));
    return { ...withInput({ ...served, input: items }), ...(triggerAt !== -1 && { compacts: true }) };
  })
  .register(components, { id: 'CreateResponseRequest' });
/** `compacts` stands for the trigger of a compaction, which `input` does not have. */
export type ResponseRequest = z.output<typeof createResponseRequest>;

export const countInputTokensRequest = z
  .object({ ...contextFields, personality: notServed('there are no personalities') })
  .transform(({ personality: _personality, ...body }, context) => {
    rejectContradictions(body, rejectBy(context));
    return withInput(body);
  })
  .register(components, { id: 'CountInputTokensRequest' });
export type CountInputTokensRequest = z.output<typeof countInputTokensRequest>;

export const compactResponseRequest = z
  .object({ ...historyFields, ...promptCacheFields, service_tier: serviceTier })
  .transform((body, context) => {
    rejectContradictions(body, rejectBy(context));
    return withInput(body);
  })
  .register(components, { id: 'CompactResponseRequest' });
export type CompactResponseRequest = z.output<typeof compactResponseRequest>;

function rejectBy(context: z.RefinementCtx): Reject {
  return (path, message) => context.addIssue({ code: 'custom', path: [path].flat(), message });
}

type WithoutNulls<T> = { [K in keyof T]: Exclude<T[K], null> };

function withInput<T extends { input?: InputItem[] | null | undefined }>(
  body: T,
): WithoutNulls<Omit<T, 'input'>> & { input: InputItem[] } {
  const set = Object.entries(body).filter(([, value]) => value !== null);
  return { ...(Object.fromEntries(set) as WithoutNulls<Omit<T, 'input'>>), input: body.input ?? [] };
}

const sequenceNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a sequence number')
  .transform(Number)
  .meta({ jsonSchema: { type: 'integer', minimum: 0 } });

/** Parameters of a stream need `stream=true`. */
export const retrieveQuery = z
  .object({
    ...includeQuery,
    stream: queryFlag
      .default(false)
      .describe('Whether the events of the response are returned instead. Default false.'),
    starting_after: sequenceNumber.optional().describe('The `sequence_number` of the last event that is not repeated.'),
    include_obfuscation: queryFlag.optional().describe('Whether deltas are padded. Default true.'),
  })
  .superRefine((query, context) => {
    for (const name of ['starting_after', 'include_obfuscation'] as const)
      if (query[name] !== undefined && !query.stream) rejectBy(context)(name, 'is only allowed when stream is true');
  });

export const inputItemsQuery = z.object({ ...pageQueryFields('desc'), ...includeQuery });
