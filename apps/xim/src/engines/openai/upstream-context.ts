/** How much a model takes, as servers say it in their list of models. */
import { asObject } from './upstream-json.ts';
import { countIn } from './upstream-usage.ts';

/** As of XIM_CONTEXT_TOKENS. Larger ones are some server's word for "no limit". */
const CONTEXT_TOKENS_MAX = 10_000_000;

/** What is really there comes before what the model was made for. @returns undefined when the server does not say. */
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
