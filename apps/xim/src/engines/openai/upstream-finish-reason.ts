/**
 * Why a choice ended, in the words of the specification. Servers have words of their own (the table is in docs/workers.md);
 * an engine that gave up must not look like one that has said all it had to say.
 */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** By lower-case word. OpenAI, vLLM, SGLang, llama-server, Ollama and LMDeploy use the specification's words for the rest. */
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

/** What some servers write for null. */
const NOT_YET: ReadonlySet<string> = new Set(['', 'null', 'none']);
/** Words that nobody has listed yet, and that cannot mean that all is well. */
const FAILURE = /abort|cancel|crash|error|exception|fail|interrupt|kill|timed?_?out/;

/** @returns null while the choice goes on. Words that are not known, and do not sound like a failure, are `stop`. */
export function readFinishReason(value: unknown): FinishReason | 'failed' | null {
  // Nearly every chunk.
  if (typeof value !== 'string') return null;
  const word = value.trim().toLowerCase();
  if (NOT_YET.has(word)) return null;
  const known = Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
  return known ?? (FAILURE.test(word) ? 'failed' : 'stop');
}
