/** `vllm serve`. The options and metrics are those of vLLM 0.32.0, read from its sources. */
import { option } from './recipe.ts';
import type { Recipe } from './recipe.ts';

export const vllm: Recipe = {
  program: 'vllm',
  tasks: ['generate', 'embed', 'score', 'transcribe'],
  command: (plan) => {
    const pools = plan.task === 'embed' || plan.task === 'score';
    const onGpu = plan.accelerator !== 'none';
    return {
      args: [
        'serve',
        plan.model,
        ...option('--served-model-name', plan.servedName),
        ...option('--host', '127.0.0.1'),
        ...option('--port', plan.port),
        ...option('--max-num-seqs', plan.slots),
        ...option('--max-model-len', plan.contextTokens),
        ...option('--tensor-parallel-size', plan.tensorParallelSize),
        ...option('--gpu-memory-utilization', plan.memoryFraction),
        ...option('--quantization', plan.quantization),
        ...option('--kv-cache-dtype', plan.kvCacheDtype),
        // Without a salt, texts of one project could be found in the cache by another one: only chat requests have one.
        pools ? '--no-enable-prefix-caching' : '--enable-prefix-caching',
        ...(pools ? ['--runner', 'pooling'] : ['--enable-prompt-tokens-details']),
        ...(!pools && onGpu && plan.kvOffloadGib > 0
          ? ['--kv-offloading-size', String(plan.kvOffloadGib), '--kv-offloading-backend', 'native']
          : []),
        '--disable-uvicorn-access-log',
      ],
      env: { VLLM_API_KEY: plan.apiKey },
      envDefaults: {
        VLLM_NO_USAGE_STATS: '1',
        ...(!onGpu && {
          VLLM_CPU_KVCACHE_SPACE: String(plan.cpuKvCacheGib),
          VLLM_CPU_OMP_THREADS_BIND: 'auto',
          VLLM_CPU_NUM_OF_RESERVED_CPU: '1',
        }),
      },
    };
  },
  reservedOptions: ['--host', '--port', '--uds', '--api-key', '--served-model-name', '--model', '--root-path'],
  healthPath: '/health',
  metrics: {
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    // The second names are those of versions before 0.10.
    kvCacheUsage: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    promptTokens: ['vllm:prompt_tokens_total'],
    generationTokens: ['vllm:generation_tokens_total'],
    prefixCacheQueries: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'],
    prefixCacheHits: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'],
    steps: ['vllm:iteration_tokens_total_count'],
  },
  memoryIsShort: [
    /out of memory/i,
    /No available memory for the cache blocks/,
    /KV cache is needed, which is larger than the available/,
    /Free memory on device .* (?:is less than|Desired GPU memory utilization)/,
    /is less than desired (?:GPU|CPU) memory utilization/,
  ],
};
