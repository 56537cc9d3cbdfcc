/**
 * Metrics of a worker, those of its engine under the names of vLLM, so that its dashboards work for every engine. What only the server behind a worker
 * knows (waiting requests, KV cache usage) is exported for supervised servers, under names of its own.
 */
import { counter, gauge, histogram } from '@xerotier/telemetry';

const labels = { model_name: 'the id of the model in the catalogue' };

export const metrics = {
  running: gauge({
    name: 'vllm:num_requests_running',
    about: 'Running generations.',
    unit: 'generations',
    labels,
  }),
  usageReportsLost: counter({
    name: 'xerotier_worker_usage_reports_lost_total',
    about: 'Generations whose usage was not reported, because too many reports were unconfirmed.',
    unit: 'generations',
  }),
  promptTokens: counter({
    name: 'vllm:prompt_tokens_total',
    about: 'Prompt tokens.',
    unit: 'tokens',
    labels,
  }),
  generationTokens: counter({
    name: 'vllm:generation_tokens_total',
    about: 'Generated tokens.',
    unit: 'tokens',
    labels,
  }),
  prefixCacheQueries: counter({
    name: 'vllm:prefix_cache_queries_total',
    about: 'Prompt tokens that were looked up in the prefix cache.',
    unit: 'tokens',
    labels,
  }),
  prefixCacheHits: counter({
    name: 'vllm:prefix_cache_hits_total',
    about: 'Prompt tokens found in the prefix cache, if reported by the engine.',
    unit: 'tokens',
    labels,
  }),
  serverRunning: gauge({
    name: 'xerotier_worker_server_running_requests',
    about: 'Running requests, as reported by the supervised server.',
    unit: 'requests',
    labels,
  }),
  serverWaiting: gauge({
    name: 'xerotier_worker_server_waiting_requests',
    about: 'Requests in the queue of the supervised server.',
    unit: 'requests',
    labels,
  }),
  serverKvCacheUsage: gauge({
    name: 'xerotier_worker_server_kv_cache_usage_ratio',
    about: 'Share of the KV cache of the supervised server that is in use, 0 to 1.',
    unit: 'ratio',
    labels,
  }),
  serverTokens: counter({
    name: 'xerotier_worker_server_tokens_total',
    about: 'Tokens, as reported by the supervised server, health probes included.',
    unit: 'tokens',
    labels: { ...labels, type: '`prompt`, `generation`, `prefix_cache_queries` or `prefix_cache_hits`' },
  }),
  serverRestarts: counter({
    name: 'xerotier_worker_server_restarts_total',
    about: 'Restarts of the supervised server, counted when it is ready again.',
    unit: 'restarts',
    labels,
  }),
  success: counter({
    name: 'vllm:request_success_total',
    about: 'Ended generations.',
    unit: 'generations',
    labels: {
      ...labels,
      finished_reason: '`stop`, `length`, `abort` (stopped by its caller or its deadline) or `error`',
    },
  }),
  timeToFirstToken: histogram({
    name: 'vllm:time_to_first_token_seconds',
    about: 'Time from the start of a generation to its first data.',
    unit: 'seconds',
    labels,
    buckets: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160],
  }),
  timePerOutputToken: histogram({
    name: 'vllm:request_time_per_output_token_seconds',
    about: 'Mean time per output token of a generation, without its first token.',
    unit: 'seconds',
    labels,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  }),
  duration: histogram({
    name: 'vllm:e2e_request_latency_seconds',
    about: 'Duration of a generation.',
    unit: 'seconds',
    labels,
    buckets: [0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480],
  }),
  decodeTime: histogram({
    name: 'vllm:request_decode_time_seconds',
    about: 'Time from the first data of a generation to its end.',
    unit: 'seconds',
    labels,
    buckets: [0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480],
  }),
};
