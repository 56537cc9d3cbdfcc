/** Fields of every request that runs on a context: what it consists of, and how the model reads it. */
import { z } from 'zod';
import { jsonSchema } from '../chat-completions/json-schema.ts';
import { functionName, reasoningEffort } from '../chat-completions/request.ts';
import { storableText } from '../fields/storable-text.ts';
import { optional } from '../items/item-fields.ts';
import { inputItem, turnItem } from '../items/index.ts';
import type { CompactionTrigger, InputItem } from '../items/index.ts';
import { toolChoice, toolChoiceFault, tools } from './tools.ts';
import type { ResponseTool, ResponseToolChoice } from './tools.ts';

/** Maximum number of items of one request; earlier ones can be referenced by `previous_response_id` or `conversation`. */
export const INPUT_ITEMS_MAX = 2_048;
/** The bound that the OpenAI specification has for some texts of a request. */
const TEXT_LENGTH_MAX = 10_485_760;

const conversationId = storableText(256).regex(/^conv_/, "must be an id that begins with 'conv_'");
const responseId = storableText(256).regex(/^resp_/, "must be an id that begins with 'resp_'");

function userMessage(text: string): InputItem[] {
  return [{ type: 'message', status: 'completed', role: 'user', content: [{ type: 'input_text', text }] }];
}

/** A text is the same as one message of the user with this text. */
const text = z.string().max(TEXT_LENGTH_MAX).transform(userMessage);
const INPUT = 'A text or items. It is required unless `previous_response_id` or `conversation` is present.';

const input = z.nullish(z.union([text, z.array(inputItem).max(INPUT_ITEMS_MAX)])).describe(INPUT);

/** Of a turn, which may compact its context. */
export const turnInput = z
  .nullish(z.union([text, z.array(turnItem).max(INPUT_ITEMS_MAX)]))
  .describe(`${INPUT} With \`compaction_trigger\` as the last item, the context is compacted instead of continued.`);

export const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: functionName,
    description: optional(z.string().max(65_536)),
    schema: jsonSchema,
    strict: optional(z.boolean()),
  }),
]);
export const verbosity = z.enum(['low', 'medium', 'high']);

export const reasoningMode = z.string().min(1).max(64);
export const reasoningContext = z.enum(['auto', 'current_turn', 'all_turns']);
export const reasoningSummary = z.enum(['auto', 'concise', 'detailed']);

const reasoning = z
  .object({
    effort: optional(reasoningEffort),
    summary: optional(reasoningSummary),
    generate_summary: reasoningSummary.nullish().describe('Deprecated: use `summary`.'),
    mode: optional(reasoningMode),
    context: optional(reasoningContext),
  })
  .transform(({ generate_summary: deprecated, summary, ...others }) => ({
    ...others,
    summary: summary ?? deprecated ?? undefined,
  }));

export const truncation = z.enum(['auto', 'disabled']);

export const model = z.string().min(1).max(256);

export const historyFields = {
  model,
  input,
  instructions: z.nullish(z.string().max(TEXT_LENGTH_MAX)).describe('They are not inherited from a previous response.'),
  previous_response_id: z.nullish(responseId),
};

export const contextFields = {
  ...historyFields,
  conversation: z.nullish(z.union([conversationId, z.object({ id: conversationId }).transform(({ id }) => id)])),
  tools: z
    .nullish(tools)
    .describe('Tools of other types than `function`, `custom` and `namespace` are accepted, and ignored.'),
  tool_choice: z.nullish(toolChoice),
  parallel_tool_calls: z.nullish(z.boolean()),
  text: z.nullish(z.object({ format: optional(responseFormat), verbosity: optional(verbosity) })),
  reasoning: z.nullish(reasoning),
  truncation: z.nullish(truncation),
};

export const promptCacheRetention = z.enum(['in_memory', '24h']);
export const promptCacheTtl = z.literal('30m');
export const promptCacheMode = z.enum(['implicit', 'explicit']);

/** Hints for the placement of a request, and for what engines keep of its prompt. */
export const promptCacheFields = {
  prompt_cache_key: z
    .nullish(storableText(64))
    .describe('Requests with the same key are placed on the same worker while it has a free slot.'),
  prompt_cache_retention: z.nullish(promptCacheRetention).describe('Accepted for compatibility; has no effect.'),
  prompt_cache_options: z
    .nullish(z.object({ ttl: optional(promptCacheTtl), mode: optional(promptCacheMode) }))
    .describe('Accepted for compatibility; has no effect.'),
};

export type Reject = (path: string | readonly PropertyKey[], message: string) => void;

export function isTrigger(item: InputItem | CompactionTrigger): item is CompactionTrigger {
  return item.type === 'compaction_trigger';
}

interface Context {
  readonly input?: readonly (InputItem | CompactionTrigger)[] | null | undefined;
  readonly previous_response_id?: string | null | undefined;
  readonly conversation?: string | null | undefined;
  readonly tools?: readonly ResponseTool[] | null | undefined;
  readonly tool_choice?: ResponseToolChoice | null | undefined;
}

/** Rejects combinations of fields that are valid individually. */
export function rejectContradictions(context: Context, reject: Reject): void {
  const { input: items, previous_response_id: previous, conversation, tool_choice: choice } = context;
  if (previous != null && conversation != null) reject('previous_response_id', 'cannot be combined with conversation');
  const hasHistory = previous != null || conversation != null;
  if (!hasHistory && items == null)
    reject('input', 'is required unless `previous_response_id` or `conversation` is present');
  if (!hasHistory && items?.every(isTrigger) === true)
    reject('input', 'must have at least 1 item unless `previous_response_id` or `conversation` is present');
  const fault = choice == null ? undefined : toolChoiceFault(choice, context.tools ?? []);
  if (fault !== undefined) reject('tool_choice', fault);
}
