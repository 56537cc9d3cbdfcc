/**
 * `sglang serve`. The options and metrics are those of SGLang 0.5.23, read from its sources. It accepts keys on its command line
 * only, where other users of the machine can read them, so it has none and listens on the loopback address.
 */
import { option } from './recipe.ts';
import type { Recipe } from './recipe.ts';

export const sglang: Recipe = {
  program: 'sglang',
  tasks: ['generate', 'embed'],
  command: (plan) => ({
    args: [
      'serve',
      ...option('--model-path', plan.model),
      ...option('--served-model-name', plan.servedName),
      ...option('--host', '127.0.0.1'),
      ...option('--port', plan.port),
      ...option('--max-running-requests', plan.slots),
      ...option('--context-length', plan.contextTokens),
      ...option('--tensor-parallel-size', plan.tensorParallelSize),
      ...option('--mem-fraction-static', plan.memoryFraction),
      ...option('--quantization', plan.quantization),
      ...option('--kv-cache-dtype', plan.kvCacheDtype),
      ...(plan.accelerator === 'none' ? ['--device', 'cpu'] : []),
      // As for vLLM: only chat requests are salted.
      ...(plan.task === 'embed' ? ['--is-embedding', '--disable-radix-cache'] : hierarchicalCache(plan)),
      '--enable-cache-report',
      '--enable-metrics',
    ],
    env: {},
    envDefaults: {},
  }),
  reservedOptions: [
    '--host',
    '--port',
    '--api-key',
    '--admin-api-key',
    '--served-model-name',
    '--model-path',
    '--model',
    '--config',
  ],
  healthPath: '/health',
  metrics: {
    running: ['sglang:num_running_reqs'],
    waiting: ['sglang:num_queue_reqs'],
    kvCacheUsage: ['sglang:token_usage'],
    promptTokens: ['sglang:prompt_tokens_total'],
    generationTokens: ['sglang:generation_tokens_total'],
    prefixCacheQueries: ['sglang:prompt_tokens_total'],
    prefixCacheHits: ['sglang:cached_tokens_total'],
    steps: ['sglang:realtime_tokens_total'],
  },
  memoryIsShort: [/out of memory/i, /Not enough memory/, /increase --mem-fraction-static/],
};

/** `--hicache-size` is the memory per rank. */
function hierarchicalCache({
  accelerator,
  kvOffloadGib,
  tensorParallelSize,
}: Parameters<Recipe['command']>[0]): string[] {
  const gibPerRank = Math.floor(kvOffloadGib / tensorParallelSize);
  if (accelerator === 'none' || gibPerRank === 0) return [];
  return ['--enable-hierarchical-cache', '--hicache-size', String(gibPerRank)];
}
