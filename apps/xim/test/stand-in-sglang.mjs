#!/usr/bin/env node
import { runStandIn } from './stand-in.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const labels = (model) => `{engine_type="unified",model_name="${model}",pp_rank="0",tp_rank="0"}`;

await runStandIn({
  name: 'sglang serve',
  prefix: 'SGLANG',
  owner: 'sglang',
  port: 'port',
  model: 'served-model-name',
  allowPositionals: true,
  options: {
    'model-path': text,
    'served-model-name': text,
    host: text,
    port: text,
    'max-running-requests': text,
    'context-length': text,
    'tensor-parallel-size': text,
    'mem-fraction-static': text,
    quantization: text,
    'kv-cache-dtype': text,
    device: text,
    'is-embedding': flag,
    'disable-radix-cache': flag,
    'enable-hierarchical-cache': flag,
    'hicache-size': text,
    'enable-cache-report': flag,
    'enable-metrics': flag,
  },
  logLine: (line) => `[2026-11-30 12:00:00] ${line}`,
  metrics: ({ running, promptTokens, generationTokens, steps }, model) => `# TYPE sglang:num_running_reqs gauge
sglang:num_running_reqs${labels(model)} ${running}.0
sglang:num_queue_reqs${labels(model)} 0.0
sglang:token_usage${labels(model)} 0.25
sglang:prompt_tokens_total{model_name="${model}"} ${promptTokens}.0
sglang:generation_tokens_total{model_name="${model}"} ${generationTokens}.0
sglang:cached_tokens_total{cache_source="device",model_name="${model}"} 0.0
sglang:realtime_tokens_total{mode="decode",model_name="${model}"} ${steps}.0
`,
});
