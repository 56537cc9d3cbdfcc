#!/usr/bin/env node
import { runStandIn } from './stand-in.mjs';

const text = { type: 'string' };
const flag = { type: 'boolean' };

await runStandIn({
  name: 'llama-server',
  prefix: 'LLAMA',
  keyVariable: 'LLAMA_API_KEY',
  owner: 'llamacpp',
  port: 'port',
  model: 'alias',
  allowPositionals: false,
  options: {
    model: text,
    'hf-repo': text,
    alias: text,
    host: text,
    port: text,
    parallel: text,
    'ctx-size': text,
    'cache-type-k': text,
    'cache-type-v': text,
    embeddings: flag,
    reranking: flag,
    'no-cache-prompt': flag,
    'no-webui': flag,
    metrics: flag,
  },
  logLine: (line) => `0.00.123.456 I srv  load_model: ${line}`,
  metrics: ({
    running,
    promptTokens,
    generationTokens,
    steps,
  }) => `# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total ${promptTokens}
llamacpp:tokens_predicted_total ${generationTokens}
llamacpp:n_decode_total ${steps}
llamacpp:requests_processing ${running}
llamacpp:requests_deferred 0
`,
});
