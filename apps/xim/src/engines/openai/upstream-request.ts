/** Converts a request to the one that is sent to the upstream. */
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import type { AppError } from '@xerotier/errors';
import { requestedMaxTokens } from '../token-budget.ts';

/** A request with a token limit that fits the context, as far as known. */
export interface FittedRequest {
  readonly request: ChatCompletionRequest;
  /** The limit for the upstream; undefined to use all remaining context. */
  limit: number | undefined;
  /** The requested limit, when it was lowered. */
  clampedFrom: number | undefined;
}

/**
 * Parameters that the platform handles itself, and data about the client that the upstream must not receive.
 */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'model',
  'n',
  'stream',
  'stream_options',
  'store',
  'metadata',
  'user',
  'service_tier',
  'cache_salt',
  'max_tokens',
  'max_completion_tokens',
  'include_reasoning',
  'x_events',
  'x_detach',
]);

/**
 * A limit of at least the whole context cannot fit, since the prompt needs room, too. Only the upstream knows the remaining room,
 * so it receives no limit, which means all of it. If the context is unknown, the requested limit is sent.
 */
export function fitLimit(request: ChatCompletionRequest, contextTokens: number | undefined): FittedRequest {
  const requested = requestedMaxTokens(request);
  return requested !== undefined && contextTokens !== undefined && requested >= contextTokens
    ? { request, limit: undefined, clampedFrom: requested }
    : { request, limit: requested, clampedFrom: undefined };
}

/**
 * Lowers the limit to the room that the upstream reported when it rejected the request for exceeding the context.
 * @returns false when it was rejected for another reason, or when the prompt alone is too long.
 */
export function lowerLimit(fitted: FittedRequest, error: AppError): boolean {
  if (!OVERFLOWS.has(error.code) || fitted.limit === undefined) return false;
  const { promptTokens, contextTokens, requestedTokens } = error.details;
  // If only the sum is known, subtract the limit that was sent.
  const room = Number(contextTokens) - Number(promptTokens ?? Number(requestedTokens) - fitted.limit);
  if (!(room >= 1 && room < fitted.limit)) return false;
  fitted.clampedFrom = fitted.limit;
  fitted.limit = room;
  return true;
}

const OVERFLOWS: ReadonlySet<string> = new Set(['inference.context_length_exceeded', 'inference.prompt_too_long']);

/** @param seedDigits the seed verbatim, where a number cannot represent it. */
export function upstreamBody(
  { request, limit }: FittedRequest,
  model: string,
  seedDigits?: string,
): Record<string, unknown> {
  const forwarded = Object.entries<unknown>(request)
    .filter(([name, value]) => !NOT_FORWARDED.has(name) && !isEmpty(value))
    .map(([name, value]): [string, unknown] => [
      name,
      name === 'messages' ? request.messages.map(withoutEmptyFields) : value,
    ]);
  const streamed = request.stream === true;
  const body: Record<string, unknown> = Object.fromEntries<unknown>(forwarded);
  if (body['tools'] === undefined) for (const name of TOOL_FIELDS) delete body[name];
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

/** Only meaningful with tools; some servers reject them without. */
const TOOL_FIELDS = ['tool_choice', 'parallel_tool_calls'] as const;

/** Null, or an empty list or object, which some servers reject. */
function isEmpty(value: unknown): boolean {
  return value == null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Clients return messages with all fields, as they received them. The content stays: null is valid with tool calls. */
function withoutEmptyFields(message: ChatMessage): object {
  if (message.role !== 'assistant' || (message.refusal !== null && message.tool_calls?.length !== 0)) return message;
  const fields = Object.entries(message).filter(([name, value]) => name === 'content' || !isEmpty(value));
  return Object.fromEntries(fields);
}

function withoutNulls(fields: object): object {
  return Object.values(fields).includes(null)
    ? Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
    : fields;
}

/** Returns a value that `JSON.stringify` writes verbatim. TypeScript's `lib` does not have `JSON.rawJSON` yet. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(text);
}

/**
 * The limit under the name that the client used, and always under the older one: Ollama and older releases of llama-server
 * support only that, and would silently ignore the limit.
 */
function limitFields(request: ChatCompletionRequest, limit: number): Record<string, number> {
  return { max_tokens: limit, ...(request.max_completion_tokens !== undefined && { max_completion_tokens: limit }) };
}
