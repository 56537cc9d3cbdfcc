/** The `Response` object of the public API. */
import { usageOfError } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { StoredItem } from '@xerotier/contracts/responses';
import type { AppError } from '@xerotier/errors';
import { publicErrorBody } from '@xerotier/errors';
import { isFunctionTool } from '@xerotier/public-api/responses';
import type {
  IncompleteReason,
  PublicResponse,
  ResponseRequest,
  ResponseStatus,
  ResponseUsage,
} from '@xerotier/public-api/responses';

export interface ResponseFacts {
  readonly id: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Its public name. */
  readonly model: string;
  readonly tier: string;
  readonly request: ResponseRequest;
}

/** What is the same in every state of a response: what it repeats of its request. */
export type RequestedFields = Omit<
  PublicResponse,
  'status' | 'completed_at' | 'error' | 'incomplete_details' | 'output' | 'usage'
>;

export function requestedFields({ id, createdAt, model, tier, request }: ResponseFacts): RequestedFields {
  const { text, reasoning } = request;
  return {
    id,
    object: 'response',
    created_at: Math.floor(createdAt / 1_000),
    background: request.background ?? false,
    model,
    previous_response_id: request.previous_response_id ?? null,
    conversation: request.conversation === undefined ? null : { id: request.conversation },
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    metadata: request.metadata ?? {},
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    prompt_cache_key: request.prompt_cache_key ?? null,
    prompt_cache_retention: request.prompt_cache_retention ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: tier,
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: text?.format ?? { type: 'text' }, verbosity: text?.verbosity ?? 'medium' },
    tool_choice: request.tool_choice ?? 'auto',
    tools: (request.tools ?? []).map(publicTool),
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    presence_penalty: request.presence_penalty ?? 0,
    frequency_penalty: request.frequency_penalty ?? 0,
    truncation: request.truncation ?? 'disabled',
    ...(request.user !== undefined && { user: request.user }),
  };
}

type Tool = NonNullable<ResponseRequest['tools']>[number];

/** A function has all its fields. */
function publicTool(tool: Tool): Tool {
  if (!isFunctionTool(tool)) return tool;
  const { description = null, parameters = null, strict = null } = tool;
  return { ...tool, description, parameters, strict };
}

/** How a response has ended. */
export interface Outcome {
  readonly status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  /** Unix milliseconds. */
  readonly endedAt: number;
  readonly usage: TokenUsage | null;
  /** By `truncation: auto`. Default 0. */
  readonly droppedTurns?: number;
  readonly error: PublicResponse['error'];
  readonly incompleteReason: IncompleteReason | null;
}

/** What a response keeps of what was written: a cancelled one has no output, as with OpenAI. */
export function keptOutput({ status }: Outcome, items: readonly StoredItem[]): readonly StoredItem[] {
  return status === 'cancelled' ? [] : items;
}

/** The response in one of its states. @param outcome undefined until it has ended. */
export function responseObject(
  requested: RequestedFields,
  status: ResponseStatus,
  output: readonly StoredItem[],
  outcome: Outcome | undefined,
): PublicResponse {
  const { id, object, ...rest } = requested;
  return {
    id,
    object,
    status,
    ...rest,
    completed_at: outcome?.status === 'completed' ? Math.floor(outcome.endedAt / 1_000) : null,
    error: outcome?.error ?? null,
    incomplete_details: outcome?.incompleteReason == null ? null : { reason: outcome.incompleteReason },
    output: [...output],
    usage: outcome?.usage == null ? null : publicUsage(outcome.usage, outcome.droppedTurns),
  };
}

export function publicUsage(usage: TokenUsage, droppedTurns = 0): ResponseUsage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + completionTokens,
    ...(droppedTurns > 0 && { x_dropped_turns: droppedTurns }),
  };
}

/** The codes of errors in responses are a closed list of the OpenAI specification. */
function responseError(error: AppError): NonNullable<PublicResponse['error']> {
  const { message } = publicErrorBody(error).error;
  if (error.status === 429) return { code: 'rate_limit_exceeded', message };
  return { code: error.status < 500 ? 'invalid_prompt' : 'server_error', message };
}

/** How a response ends with an error. A cancelled one has none. */
export function failureOf(error: AppError): Outcome {
  const usage = usageOfError(error) ?? null;
  const common = { endedAt: Date.now(), usage, incompleteReason: null };
  return error.code === 'inference.cancelled'
    ? { ...common, status: 'cancelled', error: null }
    : { ...common, status: 'failed', error: responseError(error) };
}
