/**
 * The body of `POST /v1/chat/completions`: the 27 parameters of seed 002 with the bounds of the OpenAI specification,
 * and ours where it names none. `null` means the same as leaving a parameter out. Fields that are not listed are
 * dropped, as other servers of this API do.
 *
 * Whether an engine can honour a parameter is not decided here: a worker refuses by name what its engine cannot do.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { chatMessages } from './message.ts';
import { fewNames } from '../fields/few-names.ts';
import { jsonSchema } from './json-schema.ts';
import { metadata } from '../fields/metadata.ts';
import { storableText } from '../fields/storable-text.ts';

/** A 64-bit seed is accepted over its whole range; digits that a number cannot hold travel beside the request. */
const seed = z
  .number()
  .refine((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63, 'must be a 64-bit integer')
  .meta({ type: 'integer' });

const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

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

const logitBias = fewNames<number>(1_024, 'may have 1024 entries at most', {
  propertyNames: { pattern: '^\\d{1,9}$' },
  additionalProperties: { type: 'number', minimum: -100, maximum: 100 },
}).pipe(z.record(z.string().regex(/^\d{1,9}$/, 'must be token ids'), z.number().min(-100).max(100)));

/** Longer than answers are; it is read by the tokenizer, and nothing else runs meanwhile. */
const PREDICTION_LENGTH_MAX = 131_072;

function lengthOf(parts: readonly { text: string }[]): number {
  return parts.reduce((length, { text }) => length + text.length, 0);
}

const WITHOUT_EFFECT = 'Has no effect here.';

/** Hints of the specification: what is none is refused, and what is one is left out. */
const withoutEffect = {
  prompt_cache_key: z.nullish(z.string()).describe(WITHOUT_EFFECT),
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
            message: `may have ${PREDICTION_LENGTH_MAX} characters together`,
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
  web_search_options: z.nullish(z.record(z.string(), z.unknown())),
  store: z.nullish(z.boolean()),
  /** Ours, and vLLM's: thoughts come as `reasoning_content` beside the content. */
  include_reasoning: z.nullish(z.boolean()),
  ...withoutEffect,
  /** Ours: a stream has vendor events (`x_*`) between its chunks. Clients that know only chunks must not ask for them. */
  x_events: z.nullish(z.boolean()),
});

export const chatCompletionRequest = chatCompletionBody
  .transform((body, context) => {
    rejectContradictions(body, context);
    return givenOf(body);
  })
  .register(components, { id: 'CreateChatCompletionRequest' });
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequest>;

type ReadBody = z.output<typeof chatCompletionBody>;

/** What each field allows by itself and not beside the others. */
function rejectContradictions(body: ReadBody, context: z.RefinementCtx): void {
  const reject = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (body.stream_options != null && body.stream !== true)
    reject('stream_options', 'is only allowed when stream is true');
  if (body.x_events === true && body.stream !== true) reject('x_events', 'is only allowed when stream is true');
  if (body.top_logprobs != null && body.logprobs !== true) reject('top_logprobs', 'needs logprobs to be true');
  const tools = body.tools ?? [];
  const choice = body.tool_choice;
  if (choice != null && choice !== 'none' && choice !== 'auto' && tools.length === 0) {
    reject('tool_choice', 'is only allowed when tools are given');
  }
  if (typeof choice !== 'object' || choice === null) return;
  const named = choice.type === 'function' ? [choice.function.name] : functionsIn(choice.allowed_tools.tools);
  const unknown = named.find((name) => !tools.some((tool) => tool.function.name === name));
  if (unknown !== undefined) reject('tool_choice', `names a function '${unknown}' that is not in tools`);
  else if (named.length === 0) reject('tool_choice', 'allows no function of tools');
}

/** The names of the functions among allowed tools; other kinds of tools have none. */
function functionsIn(allowed: readonly Readonly<Record<string, unknown>>[]): string[] {
  return allowed.flatMap((tool) => {
    const name = (tool['function'] as { name?: unknown } | null | undefined)?.name;
    return typeof name === 'string' ? [name] : [];
  });
}

type Hint = keyof typeof withoutEffect;
const HINTS = Object.keys(withoutEffect) as Hint[];

type WithoutNulls<T> = { [K in keyof T]: Exclude<T[K], null> };
type Given = WithoutNulls<Omit<ReadBody, Hint>>;

/** For the whole object at once: a schema that does it for each of its fields takes three times as long to read a request. */
function givenOf(body: ReadBody): Given {
  const isWhole = !Object.values(body).includes(null) && !HINTS.some((name) => body[name] !== undefined);
  if (isWhole) return body as Given;
  const isGiven = ([name, value]: [string, unknown]): boolean => value !== null && !HINTS.includes(name as Hint);
  return Object.fromEntries(Object.entries(body).filter(isGiven)) as Given;
}
