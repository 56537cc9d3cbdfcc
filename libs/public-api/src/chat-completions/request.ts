/**
 * The body of `POST /v1/chat/completions`, with the bounds of the OpenAI specification, and our own bounds where it has none.
 * `null` is the same as omitting a parameter. Unknown fields are dropped, as in other OpenAI-compatible servers.
 *
 * Engines support different parameters: a worker rejects those that its engine does not support.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { chatMessages } from './message.ts';
import { boundedObject } from '../fields/bounded-object.ts';
import { jsonSchema } from './json-schema.ts';
import { metadata } from '../fields/metadata.ts';
import { storableText } from '../fields/storable-text.ts';

/** The whole range of 64 bits. Digits beyond the precision of a number are sent to the worker separately. */
const seed = z
  .number()
  .refine((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63, 'must be a 64-bit integer')
  .meta({ type: 'integer' });

export const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

const tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: functionName,
    description: z.string().max(65_536).optional(),
    parameters: jsonSchema.optional(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: functionName }) }),
  z.object({
    type: z.literal('allowed_tools'),
    allowed_tools: z.object({
      mode: z.enum(['auto', 'required']),
      tools: z.array(z.record(z.string(), z.unknown())).max(128),
    }),
  }),
]);

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: functionName,
      description: z.string().optional(),
      schema: jsonSchema.optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

export const reasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);
export type ReasoningEffort = z.infer<typeof reasoningEffort>;

const STOP_LENGTH_MAX = 256;
const stopSequence = z.string().min(1).max(STOP_LENGTH_MAX);

const logitBias = boundedObject<number>(1_024, 'must have at most 1024 entries', {
  propertyNames: { pattern: '^\\d{1,9}$' },
  additionalProperties: { type: 'number', minimum: -100, maximum: 100 },
}).pipe(z.record(z.string().regex(/^\d{1,9}$/, 'must be a token id'), z.number().min(-100).max(100)));

/** Longer than any output. Bounded because tokenizing it blocks the worker. */
const PREDICTION_LENGTH_MAX = 131_072;

function lengthOf(parts: readonly { text: string }[]): number {
  return parts.reduce((length, { text }) => length + text.length, 0);
}

const WITHOUT_EFFECT = 'Accepted for compatibility; has no effect.';

/** Hints of the OpenAI specification: validated, then dropped. */
const withoutEffect = {
  prompt_cache_options: z.nullish(z.record(z.string(), z.unknown())).describe(WITHOUT_EFFECT),
  prompt_cache_retention: z.nullish(z.string()).describe(WITHOUT_EFFECT),
  safety_identifier: z.nullish(z.string()).describe(WITHOUT_EFFECT),
};

const chatCompletionBody = z.object({
  model: z.string().min(1).max(256),
  messages: chatMessages,
  max_tokens: z.nullish(z.number().int().min(1)),
  max_completion_tokens: z.nullish(z.number().int().min(1)),
  temperature: z.nullish(z.number().min(0).max(2)),
  top_p: z.nullish(z.number().min(0).max(1)),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(
    z.object({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() }),
  ),
  stop: z.nullish(z.union([stopSequence, z.array(stopSequence).max(4)])),
  tools: z.nullish(z.array(tool).max(128)),
  tool_choice: z.nullish(toolChoice),
  parallel_tool_calls: z.nullish(z.boolean()),
  logprobs: z.nullish(z.boolean()),
  top_logprobs: z.nullish(z.number().int().min(0).max(20)),
  reasoning_effort: z.nullish(reasoningEffort),
  prediction: z.nullish(
    z.object({
      type: z.literal('content'),
      content: z.union([
        z.string().max(PREDICTION_LENGTH_MAX),
        z
          .array(z.object({ type: z.literal('text'), text: z.string() }))
          .max(2_048)
          .refine((parts) => lengthOf(parts) <= PREDICTION_LENGTH_MAX, {
            message: `must have at most ${PREDICTION_LENGTH_MAX} characters in total`,
          }),
      ]),
    }),
  ),
  service_tier: z.nullish(z.string().max(64)),
  seed: z.nullish(seed),
  n: z.nullish(z.number().int().min(1).max(128)),
  frequency_penalty: z.nullish(z.number().min(-2).max(2)),
  presence_penalty: z.nullish(z.number().min(-2).max(2)),
  logit_bias: z.nullish(logitBias),
  response_format: z.nullish(responseFormat),
  metadata: z.nullish(metadata),
  user: z.nullish(storableText(512)),
  prompt_cache_key: z
    .nullish(z.string())
    .describe('Requests with the same key are placed on the same worker while it has a free slot.'),
  web_search_options: z.nullish(z.record(z.string(), z.unknown())),
  store: z.nullish(z.boolean()),
  /** Extension, as in vLLM: returns the reasoning as `reasoning_content`. */
  include_reasoning: z.nullish(z.boolean()),
  ...withoutEffect,
  /** Extension: streams contain vendor events (`x_*`) between the chunks. Clients that only parse chunks must not enable it. */
  x_events: z.nullish(z.boolean()),
  x_detach: z
    .nullish(z.boolean())
    .describe('Whether the work goes on when the client closes a stream that is stored. Default false.'),
});

export const chatCompletionRequest = chatCompletionBody
  .transform((body, context) => {
    rejectContradictions(body, context);
    return withoutUnset(body);
  })
  .register(components, { id: 'CreateChatCompletionRequest' });
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequest>;

type ReadBody = z.output<typeof chatCompletionBody>;

/** Rejects combinations of parameters that are valid individually. */
function rejectContradictions(body: ReadBody, context: z.RefinementCtx): void {
  const reject = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (body.stream_options != null && body.stream !== true)
    reject('stream_options', 'is only allowed when stream is true');
  if (body.x_events === true && body.stream !== true) reject('x_events', 'is only allowed when stream is true');
  if (body.x_detach === true && (body.stream !== true || body.store !== true))
    reject('x_detach', 'is only allowed when stream and store are true');
  if (body.top_logprobs != null && body.logprobs !== true)
    reject('top_logprobs', 'is only allowed when logprobs is true');
  const tools = body.tools ?? [];
  const choice = body.tool_choice;
  if (choice != null && choice !== 'none' && choice !== 'auto' && tools.length === 0) {
    reject('tool_choice', 'is only allowed when tools are specified');
  }
  if (typeof choice !== 'object' || choice === null) return;
  const named = choice.type === 'function' ? [choice.function.name] : functionsIn(choice.allowed_tools.tools);
  const unknown = named.find((name) => !tools.some((tool) => tool.function.name === name));
  if (unknown !== undefined) reject('tool_choice', `names the function '${unknown}', which is not in tools`);
  else if (named.length === 0) reject('tool_choice', 'must allow at least one function of tools');
}

/** Returns the names of the functions among the allowed tools; other kinds of tools have none. */
function functionsIn(allowed: readonly Readonly<Record<string, unknown>>[]): string[] {
  return allowed.flatMap((tool) => {
    const name = (tool['function'] as { name?: unknown } | null | undefined)?.name;
    return typeof name === 'string' ? [name] : [];
  });
}

type Hint = keyof typeof withoutEffect;
const HINTS = Object.keys(withoutEffect) as Hint[];

type WithoutNulls<T> = { [K in keyof T]: Exclude<T[K], null> };
type SetFields = WithoutNulls<Omit<ReadBody, Hint>>;

/** Removes nulls and hints. On the whole object, since doing it in the schema of each field triples the parsing time. */
function withoutUnset(body: ReadBody): SetFields {
  const isClean = !Object.values(body).includes(null) && !HINTS.some((name) => body[name] !== undefined);
  if (isClean) return body as SetFields;
  const isSet = ([name, value]: [string, unknown]): boolean => value !== null && !HINTS.includes(name as Hint);
  return Object.fromEntries(Object.entries(body).filter(isSet)) as SetFields;
}
