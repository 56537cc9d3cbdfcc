/** The context length of a model, in the formats of the model lists of various servers. */
import { asObject } from './upstream-json.ts';
import { countIn } from './upstream-usage.ts';

/** The maximum of XIM_CONTEXT_TOKENS. Some servers report larger values for "no limit". */
const CONTEXT_TOKENS_MAX = 10_000_000;

/** The configured context takes precedence over the training context. @returns undefined when the server reports neither. */
export function contextTokensIn(entry: unknown): number | undefined {
  const model = asObject(entry) ?? {};
  const meta = asObject(model['meta']) ?? {};
  const provider = asObject(model['top_provider']) ?? {};
  const counts = [
    countIn(model, 'max_model_len'), // vLLM, SGLang
    countIn(meta, 'n_ctx'), // llama-server
    countIn(model, 'loaded_context_length'), // LM Studio
    countIn(provider, 'context_length'), // OpenRouter
    countIn(model, 'context_length', 'context_window', 'max_context_length'), // OpenRouter, Together; Groq; Mistral, LM Studio
    countIn(meta, 'n_ctx_train'), // llama-server
  ];
  return counts.find((count) => count !== undefined && count > 0 && count <= CONTEXT_TOKENS_MAX);
}
