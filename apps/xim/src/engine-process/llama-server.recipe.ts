/**
 * `llama-server` of llama.cpp. The options and metrics are those of build 11434, read from its sources. Its requests have no salt, so its prompt
 * cache, which all of them share, is off; `--cache-prompt` in `XIM_SERVER_ARGS` turns it on for a worker of one project.
 */
import { option } from './recipe.ts';
import type { Recipe } from './recipe.ts';

export const llamaServer: Recipe = {
  program: 'llama-server',
  tasks: ['generate', 'embed', 'score'],
  command: (plan) => ({
    args: [
      ...(plan.model.endsWith('.gguf') ? ['--model', plan.model] : ['--hf-repo', plan.model]),
      ...option('--alias', plan.servedName),
      ...option('--host', '127.0.0.1'),
      ...option('--port', plan.port),
      ...option('--parallel', plan.slots),
      // Of all slots together.
      ...option('--ctx-size', plan.contextTokens === undefined ? undefined : plan.contextTokens * plan.slots),
      ...(plan.kvCacheDtype === undefined
        ? []
        : ['--cache-type-k', plan.kvCacheDtype, '--cache-type-v', plan.kvCacheDtype]),
      ...(plan.task === 'embed' ? ['--embeddings'] : []),
      ...(plan.task === 'score' ? ['--reranking'] : []),
      '--no-cache-prompt',
      '--no-webui',
      '--metrics',
    ],
    env: { LLAMA_API_KEY: plan.apiKey },
    envDefaults: {},
  }),
  reservedOptions: [
    '--host',
    '--port',
    '--api-key',
    '--api-key-file',
    '--alias',
    '-a',
    '--model',
    '-m',
    '--api-prefix',
  ],
  healthPath: '/health',
  metrics: {
    running: ['llamacpp:requests_processing'],
    waiting: ['llamacpp:requests_deferred'],
    // Exported by older builds only.
    kvCacheUsage: ['llamacpp:kv_cache_usage_ratio'],
    promptTokens: ['llamacpp:prompt_tokens_total'],
    generationTokens: ['llamacpp:tokens_predicted_total'],
    prefixCacheQueries: [],
    prefixCacheHits: [],
    steps: ['llamacpp:n_decode_total'],
  },
  memoryIsShort: [
    /out of memory/i,
    /failed to allocate (?:buffer|compute|\w+ buffer)/i,
    /failed to fit params to free device memory/,
  ],
};
