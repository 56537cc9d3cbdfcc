import type { ServerPlan } from './recipe.ts';
import { isSupervised, recipes } from './recipes.ts';

function aPlan(plan: Partial<ServerPlan> = {}): ServerPlan {
  return {
    model: 'org/model',
    servedName: 'my-model',
    task: 'generate',
    port: 18_000,
    apiKey: 'the-key-of-the-server',
    slots: 8,
    accelerator: 'cuda',
    tensorParallelSize: 2,
    kvOffloadGib: 16,
    cpuKvCacheGib: 4,
    ...plan,
  };
}

/** Everything that an operator can set. */
const ALL: Partial<ServerPlan> = {
  contextTokens: 4_096,
  memoryFraction: 0.8,
  quantization: 'fp8',
  kvCacheDtype: 'fp8_e4m3',
};

describe('vllm', () => {
  it('serves with prefix caching and KV offloading to the memory of the host', () => {
    expect(recipes.vllm.command(aPlan()).args.join(' ')).toBe(
      'serve org/model --served-model-name my-model --host 127.0.0.1 --port 18000 --max-num-seqs 8 --tensor-parallel-size 2 --enable-prefix-caching --enable-prompt-tokens-details --kv-offloading-size 16 --kv-offloading-backend native --disable-uvicorn-access-log',
    );
  });

  it('passes on all settings', () => {
    expect(recipes.vllm.command(aPlan(ALL)).args.join(' ')).toContain(
      '--max-model-len 4096 --tensor-parallel-size 2 --gpu-memory-utilization 0.8 --quantization fp8 --kv-cache-dtype fp8_e4m3',
    );
  });

  it.each([
    ['0 GiB', { kvOffloadGib: 0 }],
    ['no GPU', { accelerator: 'none' }],
    ['embeddings', { task: 'embed' }],
  ] as const)('offloads nothing with %s', (_, plan) => {
    expect(recipes.vllm.command(aPlan(plan)).args.join(' ')).not.toContain('offloading');
  });

  it.each(['embed', 'score'] as const)('caches no prefixes for the task %s, whose requests have no salt', (task) => {
    const { args } = recipes.vllm.command(aPlan({ task }));
    expect(args).toEqual(expect.arrayContaining(['--no-enable-prefix-caching', '--runner', 'pooling']));
    expect(args).not.toContain('--enable-prefix-caching');
  });

  it('bounds the KV cache on the CPU by variables that the operator may set instead', () => {
    expect(recipes.vllm.command(aPlan({ accelerator: 'none' })).envDefaults).toMatchObject({
      VLLM_CPU_KVCACHE_SPACE: '4',
      VLLM_CPU_OMP_THREADS_BIND: 'auto',
    });
    expect(recipes.vllm.command(aPlan()).envDefaults).not.toHaveProperty('VLLM_CPU_KVCACHE_SPACE');
  });
});

describe('sglang', () => {
  it('has a hierarchical cache with KV offloading only, of the memory per GPU', () => {
    expect(recipes.sglang.command(aPlan()).args.join(' ')).toContain('--enable-hierarchical-cache --hicache-size 8');
    expect(recipes.sglang.command(aPlan({ kvOffloadGib: 0 })).args).not.toContain('--enable-hierarchical-cache');
  });

  it('passes on all settings', () => {
    expect(recipes.sglang.command(aPlan(ALL)).args.join(' ')).toContain(
      '--max-running-requests 8 --context-length 4096 --tensor-parallel-size 2 --mem-fraction-static 0.8 --quantization fp8 --kv-cache-dtype fp8_e4m3',
    );
  });

  it('computes on the CPU without GPUs', () => {
    expect(recipes.sglang.command(aPlan({ accelerator: 'none' })).args.join(' ')).toContain('--device cpu');
  });
});

describe('llama-server', () => {
  it('shares the context between its slots, and no prompt cache between tenants', () => {
    const { args } = recipes['llama-server'].command(aPlan({ model: '/m.gguf', contextTokens: 1_000 }));
    expect(args.join(' ')).toContain('--parallel 8 --ctx-size 8000');
    expect(args).toContain('--no-cache-prompt');
  });

  it.each([
    ['/models/a.gguf', '--model'],
    ['org/model:Q4_K_M', '--hf-repo'],
  ])('loads %s with %s', (model, name) => {
    expect(recipes['llama-server'].command(aPlan({ model })).args.slice(0, 2)).toEqual([name, model]);
  });

  it.each([
    ['embed', '--embeddings'],
    ['score', '--reranking'],
  ] as const)('has the task %s by %s', (task, name) => {
    expect(recipes['llama-server'].command(aPlan({ task })).args).toContain(name);
  });
});

describe('every recipe', () => {
  it.each(Object.entries(recipes))(
    '%s has no key on its command line, and listens on the loopback address',
    (_, recipe) => {
      const { args } = recipe.command(aPlan({ ...ALL, task: 'generate' }));
      expect(args.join(' ')).not.toContain('the-key');
      expect(args.join(' ')).toContain('--host 127.0.0.1');
    },
  );

  it.each(Object.entries(recipes))('%s reserves the options that the worker depends on', (_, { reservedOptions }) => {
    expect(reservedOptions).toEqual(expect.arrayContaining(['--host', '--port', '--api-key']));
  });

  it.each([
    ['vllm', 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.'],
    ['vllm', 'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`'],
    [
      'vllm',
      'ValueError: To serve at least one request, 8.0 GiB KV cache is needed, which is larger than the available KV cache memory (1.2 GiB).',
    ],
    [
      'vllm',
      'ValueError: Free memory on device cuda:0 (6.9/8.0 GiB) on startup is less than desired GPU memory utilization (0.9, 7.2 GiB).',
    ],
    ['sglang', 'RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.'],
    [
      'llama-server',
      'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory',
    ],
    ['llama-server', 'llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache'],
  ] as const)('%s says that memory is short: %s', (kind, line) => {
    expect(recipes[kind].memoryIsShort.some((expression) => expression.test(line))).toBe(true);
  });

  it.each(Object.entries(recipes))('%s does not take other lines for that', (_, { memoryIsShort }) => {
    for (const line of ['Available KV cache memory: 12.3 GiB', 'Application startup complete.', 'KV cache is needed'])
      expect(memoryIsShort.some((expression) => expression.test(line))).toBe(false);
  });
});

describe('isSupervised', () => {
  it('is true for the kinds with a recipe only', () => {
    expect(['vllm', 'sglang', 'llama-server', 'llama', 'openai', 'toString'].map(isSupervised)).toEqual([
      ...[true, true, true],
      ...[false, false, false],
    ]);
  });
});
