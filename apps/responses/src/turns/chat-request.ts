/** The chat completion that a turn asks a model for. */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { InputItem, NewItem } from '@xerotier/public-api/items';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { paramOfItem } from '../items/param-of-item.ts';
import type { TurnContext } from '../responses/turn-origins.service.ts';
import { chatMessagesOf } from './chat-messages.ts';
import type { ContextItem } from './chat-messages.ts';
import { CUSTOM_TOOL_PARAMETERS } from './custom-tools.ts';
import { servedTools } from './served-tools.ts';

export interface TurnInput {
  readonly request: ResponseRequest;
  /** Of the endpoint; before the instructions of the request. */
  readonly systemPrompt: string | undefined;
  /** The items before those of the request, in their order. */
  readonly history: readonly ContextItem[];
  readonly input: readonly ContextItem[];
}

type Tools = NonNullable<ChatCompletionRequest['tools']>;
type ToolChoice = NonNullable<ChatCompletionRequest['tool_choice']>;

/** @throws {AppError} as `chatMessagesOf`. */
export function chatRequestOf({ request, systemPrompt, history, input }: TurnInput): ChatCompletionRequest {
  const { reasoning, text, metadata: _metadata, top_logprobs: topLogprobs } = request;
  const tools = toolsOf(request);
  const toolChoice = tools.length === 0 ? undefined : toolChoiceOf(request, tools);
  const format = formatOf(text?.format);
  const withLogprobs = includesLogprobs(request);
  return {
    model: request.model,
    messages: [
      ...[systemPrompt, request.instructions].flatMap((content) =>
        content === undefined || content === '' ? [] : [{ role: 'system' as const, content }],
      ),
      ...chatMessagesOf([...history, ...input]),
    ],
    // Nobody sees a part of the output then, so another worker can take over until it is whole.
    stream: request.stream === true || request.background === true,
    include_reasoning: true,
    ...(request.max_output_tokens !== undefined && { max_completion_tokens: request.max_output_tokens }),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.top_p !== undefined && { top_p: request.top_p }),
    ...(request.presence_penalty !== undefined && { presence_penalty: request.presence_penalty }),
    ...(request.frequency_penalty !== undefined && { frequency_penalty: request.frequency_penalty }),
    ...(withLogprobs && { logprobs: true, top_logprobs: topLogprobs ?? 0 }),
    ...(reasoning?.effort != null && { reasoning_effort: reasoning.effort }),
    ...(tools.length > 0 && { tools }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(request.parallel_tool_calls !== undefined &&
      tools.length > 0 && { parallel_tool_calls: request.parallel_tool_calls }),
    ...(format !== undefined && { response_format: format }),
    ...(request.user !== undefined && { user: request.user }),
    ...(request.prompt_cache_key !== undefined && { prompt_cache_key: request.prompt_cache_key }),
  };
}

/** `top_logprobs` alone says how many, not whether. */
export function includesLogprobs({ include }: Pick<ResponseRequest, 'include'>): boolean {
  return include?.includes('message.output_text.logprobs') === true;
}

/**
 * Names the field that an item comes from, for errors of what a model cannot read.
 * @param keptItems how many items at the beginning of the input are those of a response that is continued.
 */
export function contextItems(
  { history, referenced, origin }: TurnContext,
  input: readonly InputItem[],
  keptItems = 0,
): Pick<TurnInput, 'history' | 'input'> {
  const param = origin.previousId === undefined ? 'conversation' : 'previous_response_id';
  return {
    history: history.map((item) => ({ item: item as unknown as NewItem, param })),
    input: input.map((item, at) => ({
      item: (item.type === 'item_reference' ? referenced.get(item.id) : item) as NewItem,
      param: paramOfItem(at, keptItems),
    })),
  };
}

/** Tools of other kinds are not served, and the model does not learn of them. */
function toolsOf(request: ResponseRequest): Tools {
  return [...servedTools(request)].map(([name, { tool }]) => {
    const { description } = tool;
    const described = { name, ...(description != null && { description }) };
    if (tool.type === 'custom')
      return { type: 'function', function: { ...described, parameters: CUSTOM_TOOL_PARAMETERS } };
    const { parameters, strict } = tool;
    const fields = { ...(parameters != null && { parameters }), ...(strict != null && { strict }) };
    return { type: 'function', function: { ...described, ...fields } as Tools[number]['function'] };
  });
}

/** A choice of a tool that is not served is none. */
function toolChoiceOf({ tool_choice: choice }: ResponseRequest, tools: Tools): ToolChoice | undefined {
  if (choice === undefined || typeof choice === 'string') return choice;
  if (choice.type === 'function' || choice.type === 'custom')
    return { type: 'function', function: { name: String(choice['name']) } };
  if (choice.type !== 'allowed_tools') return undefined;
  const allowed = (choice['tools'] as readonly Readonly<Record<string, unknown>>[]).flatMap(({ type, name }) =>
    (type === 'function' || type === 'custom') && tools.some((tool) => tool.function.name === name)
      ? [{ type: 'function', function: { name } }]
      : [],
  );
  if (allowed.length === 0) return 'none';
  return {
    type: 'allowed_tools',
    allowed_tools: { mode: choice['mode'] === 'required' ? 'required' : 'auto', tools: allowed },
  };
}

type Format = NonNullable<NonNullable<ResponseRequest['text']>['format']>;

function formatOf(format: Format | null | undefined): ChatCompletionRequest['response_format'] {
  if (format == null || format.type === 'text') return undefined;
  if (format.type === 'json_object') return { type: 'json_object' };
  const { type, name, description, schema, strict } = format;
  return {
    type,
    json_schema: { name, schema, ...(description != null && { description }), ...(strict != null && { strict }) },
  };
}
