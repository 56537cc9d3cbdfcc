/** A delta of a tool call: the first one has id, type and name; all have a part of the arguments. */
export interface ToolCallDelta {
  index: number;
  id?: string | null;
  type?: 'function' | null;
  function?: { name?: string | null; arguments?: string | null } | null;
}

/** One entry of a chunk's `choices`, as specified by OpenAI. */
export interface ChunkChoice {
  index: number;
  delta: {
    role?: 'assistant';
    content?: string | null;
    refusal?: string | null;
    /** Citations. */
    annotations?: unknown[] | null;
    /** Reasoning of the model, for clients that request it. */
    reasoning_content?: string | null;
    tool_calls?: ToolCallDelta[];
    [extra: string]: unknown;
  };
  finish_reason: string | null;
  logprobs: unknown;
  [extra: string]: unknown;
}

/** One entry of a completion's `choices`. */
export interface Choice {
  index: number;
  message: { role: 'assistant'; content: string | null; refusal: string | null; [extra: string]: unknown };
  finish_reason: string;
  logprobs: unknown;
  [extra: string]: unknown;
}

/** The whole choice as the only chunk of a stream. */
export function chunkOf({ index, message, finish_reason, logprobs }: Choice): ChunkChoice {
  const calls = message['tool_calls'] as Omit<ToolCallDelta, 'index'>[] | undefined;
  const delta = { ...message, ...(calls != null && { tool_calls: calls.map((call, at) => ({ ...call, index: at })) }) };
  return { index, delta, finish_reason, logprobs };
}
