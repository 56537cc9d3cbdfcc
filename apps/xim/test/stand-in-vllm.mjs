#!/usr/bin/env node
import { runStandIn } from './stand-in.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const labels = (model) => `{engine="0",model_name="${model}"}`;

await runStandIn({
  name: 'vllm',
  prefix: 'VLLM',
  keyVariable: 'VLLM_API_KEY',
  owner: 'vllm',
  port: 'port',
  model: 'served-model-name',
  allowPositionals: true,
  options: {
    'served-model-name': text,
    host: text,
    port: text,
    'max-num-seqs': text,
    'max-model-len': text,
    'tensor-parallel-size': text,
    'gpu-memory-utilization': text,
    quantization: text,
    'kv-cache-dtype': text,
    'enable-prefix-caching': flag,
    'no-enable-prefix-caching': flag,
    runner: text,
    'enable-prompt-tokens-details': flag,
    'kv-offloading-size': text,
    'kv-offloading-backend': text,
    'disable-uvicorn-access-log': flag,
    dtype: text,
  },
  logLine: (line) => `(APIServer pid=${process.pid}) INFO 11-30 12:00:00 [api_server.py:100] ${line}`,
  metrics: (
    { running, promptTokens, generationTokens, steps },
    model,
  ) => `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running${labels(model)} ${running}.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting${labels(model)} 0.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc${labels(model)} ${running === 0 ? '0.0' : '0.125'}
# HELP vllm:prefix_cache_queries_total Prefix cache queries, in terms of number of queried tokens.
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total${labels(model)} ${promptTokens}.0
vllm:prefix_cache_hits_total${labels(model)} 0.0
vllm:prompt_tokens_total${labels(model)} ${promptTokens}.0
vllm:prompt_tokens_created${labels(model)} 1.7645e+09
vllm:generation_tokens_total${labels(model)} ${generationTokens}.0
vllm:iteration_tokens_total_bucket{engine="0",le="1.0",model_name="${model}"} ${steps}.0
vllm:iteration_tokens_total_count${labels(model)} ${steps}.0
vllm:iteration_tokens_total_sum${labels(model)} ${generationTokens}.0
`,
});
