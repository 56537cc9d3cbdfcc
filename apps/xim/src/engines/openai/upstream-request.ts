/** The request as the upstream gets it. */
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import type { AppError } from '@xerotier/errors';
import { requestedMaxTokens } from '../token-budget.ts';

/** A request with a limit that fits, as far as can be known. */
export interface FittedRequest {
  readonly request: ChatCompletionRequest;
  /** What the upstream is told; absent where it shall use all the room there is. */
  limit: number | undefined;
  /** What was asked for, when less of it is granted. */
  clampedFrom: number | undefined;
}

/**
 * What the platform deals with itself, and what is none of the upstream's business (who asked, what they noted about it).
 */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'model',
  'n',
  'stream',
  'stream_options',
  'store',
  'metadata',
  'user',
  'service_tier',
  'max_tokens',
  'max_completion_tokens',
  'include_reasoning',
  'x_events',
]);

/**
 * A limit of the whole context or more cannot fit, since the prompt needs room too. How much of it is left only the
 * upstream knows, so it is told no limit at all, which means all that is left. Where the context is not known, the limit is
 * what was asked for.
 */
export function fitLimit(request: ChatCompletionRequest, contextTokens: number | undefined): FittedRequest {
  const requested = requestedMaxTokens(request);
  return requested !== undefined && contextTokens !== undefined && requested >= contextTokens
    ? { request, limit: undefined, clampedFrom: requested }
    : { request, limit: requested, clampedFrom: undefined };
}

/**
 * After a refusal for lack of room: lowers the limit to the room that the upstream named.
 * @returns false when the refusal has another reason, or when the prompt alone is too long.
 */
export function lowerLimit(fitted: FittedRequest, error: AppError): boolean {
  if (!OVERFLOWS.has(error.code) || fitted.limit === undefined) return false;
  const { promptTokens, contextTokens, requestedTokens } = error.details;
  // Where only the sum was told, what was asked of the server is known here.
  const room = Number(contextTokens) - Number(promptTokens ?? Number(requestedTokens) - fitted.limit);
  if (!(room >= 1 && room < fitted.limit)) return false;
  fitted.clampedFrom = fitted.limit;
  fitted.limit = room;
  return true;
}

const OVERFLOWS: ReadonlySet<string> = new Set(['inference.context_length_exceeded', 'inference.prompt_too_long']);

/** `seedDigits`: the seed as it was written, where a number cannot hold it. */
export function upstreamBody(
  { request, limit }: FittedRequest,
  model: string,
  seedDigits?: string,
): Record<string, unknown> {
  const passedOn = Object.entries<unknown>(request)
    .filter(([name, value]) => !NOT_PASSED_ON.has(name) && !saysNothing(value))
    .map(([name, value]): [string, unknown] => [
      name,
      name === 'messages' ? request.messages.map(withoutEmptyFields) : value,
    ]);
  const streamed = request.stream === true;
  const body: Record<string, unknown> = Object.fromEntries<unknown>(passedOn);
  if (body['tools'] === undefined) for (const name of OF_TOOLS) delete body[name];
  else body['tools'] = request.tools?.map((tool) => ({ ...tool, function: withoutNulls(tool.function) }));
  if (seedDigits !== undefined && body['seed'] !== undefined) body['seed'] = rawJson(seedDigits);
  return {
    ...body,
    model,
    stream: streamed,
    ...(streamed && { stream_options: { include_usage: true } }),
    ...(limit !== undefined && limitFields(request, limit)),
  };
}

/** Only matters with tools, and some servers refuse it without. */
const OF_TOOLS = ['tool_choice', 'parallel_tool_calls'] as const;

/** Absent, or as good as: some servers refuse a list of no tools or stop sequences. */
function saysNothing(value: unknown): boolean {
  return value == null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Clients send back messages as they dumped them. The content stays: null is a content of its own beside tool calls. */
function withoutEmptyFields(message: ChatMessage): object {
  if (message.role !== 'assistant' || (message.refusal !== null && message.tool_calls?.length !== 0)) return message;
  const fields = Object.entries(message).filter(([name, value]) => name === 'content' || !saysNothing(value));
  return Object.fromEntries(fields);
}

function withoutNulls(fields: object): object {
  return Object.values(fields).includes(null)
    ? Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
    : fields;
}

/** What `JSON.stringify` writes as it is. The types of JavaScript's newest library are not loaded here. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text);
}

/**
 * Under the name that the client used, and under the older one in any case: Ollama and older releases of llama-server know
 * only that, and would ignore the limit without a word.
 */
function limitFields(request: ChatCompletionRequest, limit: number): Record<string, number> {
  return { max_tokens: limit, ...(request.max_completion_tokens !== undefined && { max_completion_tokens: limit }) };
}
