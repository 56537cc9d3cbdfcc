/** A piece of a tool call in a chunk: id, type and name come with the first, the arguments in all. */
export interface ToolCallDelta {
  index: number;
  id?: string | null;
  type?: 'function' | null;
  function?: { name?: string | null; arguments?: string | null } | null;
}

/** One entry of a chunk's `choices`, as the specification of chat completion chunks has it. */
export interface ChunkChoice {
  index: number;
  delta: {
    role?: 'assistant';
    content?: string | null;
    refusal?: string | null;
    /** Citations. */
    annotations?: unknown[] | null;
    /** What the model thought; only for clients that asked for it. */
    reasoning_content?: string | null;
    tool_calls?: ToolCallDelta[];
    [extra: string]: unknown;
  };
  finish_reason: string | null;
  logprobs: unknown;
  [extra: string]: unknown;
}

/** One entry of an answer's `choices`. */
export interface Choice {
  index: number;
  message: { role: 'assistant'; content: string | null; refusal: string | null; [extra: string]: unknown };
  finish_reason: string;
  logprobs: unknown;
  [extra: string]: unknown;
}
