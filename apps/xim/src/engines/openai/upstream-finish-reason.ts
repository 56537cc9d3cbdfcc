/**
 * Converts the finish reasons of servers to those of the specification (the table is in docs/workers.md). An aborted generation
 * must not look like a complete one.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** By lower-case reason. OpenAI, vLLM, SGLang, llama-server, Ollama and LMDeploy otherwise use those of the specification. */
const REASONS: Readonly<Record<string, FinishReason | 'failed'>> = {
  stop: 'stop',
  eos: 'stop', // llama-server's own API
  word: 'stop',
  eos_token: 'stop', // TGI
  stop_sequence: 'stop', // TGI, Anthropic, Cohere
  stop_words: 'stop', // TensorRT-LLM
  end_id: 'stop',
  end_turn: 'stop', // Anthropic
  complete: 'stop', // Cohere

  length: 'length',
  max_tokens: 'length', // Anthropic, Cohere, Gemini
  max_length: 'length',
  model_length: 'length', // Mistral
  limit: 'length', // llama-server's own API
  token_limit: 'length', // watsonx
  model_context_window_exceeded: 'length', // Anthropic

  tool_calls: 'tool_calls',
  tool_call: 'tool_calls', // Cohere
  tool_use: 'tool_calls', // Anthropic
  function_call: 'tool_calls', // OpenAI before tools

  content_filter: 'content_filter',
  refusal: 'content_filter', // Anthropic
  safety: 'content_filter', // Gemini, and the four below
  recitation: 'content_filter',
  blocklist: 'content_filter',
  prohibited_content: 'content_filter',
  spii: 'content_filter',
  sensitive: 'content_filter', // GLM
  guardrail_intervened: 'content_filter', // Bedrock

  abort: 'failed', // vLLM, SGLang
  error: 'failed', // vLLM, Mistral, OpenRouter, LMDeploy
  cancelled: 'failed', // TensorRT-LLM, watsonx
  user_cancel: 'failed', // Cohere
  timeout: 'failed', // TensorRT-LLM
  time_limit: 'failed', // watsonx
  not_finished: 'failed', // watsonx
  insufficient_system_resource: 'failed', // DeepSeek
  malformed_function_call: 'failed', // Gemini
};

/** Values that some servers send instead of null. */
const NULLS: ReadonlySet<string> = new Set(['', 'null', 'none']);
/** Unlisted reasons that indicate a failure. */
const FAILURE = /abort|cancel|crash|error|exception|fail|interrupt|kill|timed?_?out/;

/** @returns null while the choice is unfinished; `stop` for unknown reasons that do not indicate a failure. */
export function readFinishReason(value: unknown): FinishReason | 'failed' | null {
  // The fast path of nearly every chunk.
  if (typeof value !== 'string') return null;
  const word = value.trim().toLowerCase();
  if (NULLS.has(word)) return null;
  const known = Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
  return known ?? (FAILURE.test(word) ? 'failed' : 'stop');
}
