import { recipes } from './recipes.ts';
import { GrowingTotals, loadIn } from './server-load.ts';
import type { ServerLoad } from './server-load.ts';

describe('loadIn', () => {
  it('reads the metrics of vLLM, with several engines', () => {
    const text = [
      'vllm:num_requests_running{engine="0"} 3.0',
      'vllm:num_requests_running{engine="1"} 2.0',
      'vllm:num_requests_waiting{engine="0"} 4.0',
      'vllm:kv_cache_usage_perc{engine="0"} 0.25',
      'vllm:kv_cache_usage_perc{engine="1"} 0.75',
      'vllm:prompt_tokens_total{engine="0"} 100.0',
      'vllm:iteration_tokens_total_count{engine="0"} 7.0',
    ].join('\n');
    expect(loadIn(text, recipes.vllm.metrics)).toEqual({
      running: 5,
      waiting: 4,
      kvCacheUsage: 0.75,
      totals: {
        promptTokens: 100,
        generationTokens: undefined,
        prefixCacheQueries: undefined,
        prefixCacheHits: undefined,
        steps: 7,
      },
    });
  });

  it('reads the older name of a metric only if there is no newer one', () => {
    const old = 'vllm:gpu_cache_usage_perc 0.5\n';
    expect(loadIn(old, recipes.vllm.metrics).kvCacheUsage).toBe(0.5);
    expect(loadIn(`${old}vllm:kv_cache_usage_perc 0\n`, recipes.vllm.metrics).kvCacheUsage).toBe(0);
  });

  it.each([
    ['sglang', 'sglang:num_running_reqs{tp_rank="0"} 2.0\nsglang:num_queue_reqs 1.0\nsglang:token_usage 1.5\n', 1],
    ['llama-server', 'llamacpp:requests_processing 2\nllamacpp:requests_deferred 1\n', undefined],
  ] as const)('reads the metrics of %s', (kind, text, kvCacheUsage) => {
    expect(loadIn(text, recipes[kind].metrics)).toMatchObject({ running: 2, waiting: 1, kvCacheUsage });
  });

  it('reads nothing from another text', () => {
    expect(loadIn('<html>', recipes.vllm.metrics)).toMatchObject({ running: undefined, waiting: undefined });
  });
});

describe('GrowingTotals', () => {
  const totals = (promptTokens: number | undefined): ServerLoad['totals'] => ({
    promptTokens,
    generationTokens: undefined,
    prefixCacheQueries: undefined,
    prefixCacheHits: undefined,
    steps: undefined,
  });

  it('returns growth, also of a server that has begun at 0 again', () => {
    const growing = new GrowingTotals();
    const grown = [10, 15, 15, 4].map((value) => growing.grownBy(totals(value)).promptTokens);
    expect(grown).toEqual([10, 5, 0, 4]);
  });

  it('takes an unknown total as 0', () => {
    expect(new GrowingTotals().grownBy(totals(undefined)).promptTokens).toBe(0);
  });
});
