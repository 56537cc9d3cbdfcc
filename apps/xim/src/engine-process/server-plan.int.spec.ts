import { inheritedByServers } from './server-plan.ts';
import { StandInServer } from './testing/stand-in-server.ts';

let server: StandInServer;
beforeEach(async () => {
  server = await StandInServer.create('vllm');
});
afterEach(() => server.remove());

describe('prepareServer', () => {
  it('puts the command line together, on a free port and with a new key', async () => {
    const first = await server.prepare({ XIM_SLOTS: '64', XIM_SERVER_ARGS: '["--dtype","bfloat16"]' });
    const second = await server.prepare();
    expect(first.program).toBe(server.program);
    expect(first.args.join(' ')).toMatch(/^serve org\/model .*--max-num-seqs 64 .* --dtype bfloat16$/);
    expect(first.baseUrl).toBe(`http://127.0.0.1:${first.plan.port}/v1`);
    expect(first.plan.apiKey).not.toBe(second.plan.apiKey);
    expect(first.env).toMatchObject({ VLLM_API_KEY: first.plan.apiKey, VLLM_CPU_OMP_THREADS_BIND: 'auto' });
    expect(first.secrets).toContain(first.plan.apiKey);
  });

  it('uses the given port', async () => {
    expect((await server.prepare({ XIM_SERVER_PORT: '18123' })).baseUrl).toBe('http://127.0.0.1:18123/v1');
  });

  it.each([
    [{ XIM_MODEL_PATH: '' }, 'XIM_MODEL_PATH must be'],
    [{ XIM_MODEL_PATH: '--trust-remote-code' }, 'XIM_MODEL_PATH must not begin with a hyphen'],
    [{ XIM_TASK: 'image' }, 'XIM_TASK is image: with XIM_ENGINE vllm it may be generate, embed, score, transcribe'],
    [{ XIM_SERVER_ARGS: '["--port","1"]' }, 'XIM_SERVER_ARGS contains --port'],
    [{ XIM_SERVER_ARGS: '["--api-key=secret-1"]' }, /contains --api-key, which the worker sets itself/],
  ])('rejects %p', async (env, message) => {
    await expect(server.prepare(env)).rejects.toThrow(message);
  });

  it.each([
    [{ XIM_SERVER_ARGS: '--dtype bfloat16' }, 'XIM_SERVER_ARGS'],
    [{ XIM_SERVER_ARGS: '["",1]' }, 'XIM_SERVER_ARGS'],
    [{ XIM_GPU_MEMORY_UTILIZATION: '1.1' }, 'XIM_GPU_MEMORY_UTILIZATION'],
    [{ XIM_GPU_MEMORY_UTILIZATION: '0.0' }, 'XIM_GPU_MEMORY_UTILIZATION'],
    [{ XIM_QUANTIZATION: '--help' }, 'XIM_QUANTIZATION'],
    [{ XIM_TENSOR_PARALLEL_SIZE: '0' }, 'XIM_TENSOR_PARALLEL_SIZE'],
    [{ XIM_CACHE_SALT_SECRET: 'short' }, 'XIM_CACHE_SALT_SECRET'],
  ])('does not accept the settings %p', (env, variable) => {
    expect(() => server.config(env)).toThrow(variable);
  });
});

it('passes no secret of the worker on to a server', () => {
  const variables = {
    NATS_URL: 'nats://u:p@host',
    XIM_CACHE_SALT_SECRET: 's',
    XIM_UPSTREAM_KEY: 'k',
    OTEL_EXPORTER_OTLP_HEADERS: 'h',
    CUDA_VISIBLE_DEVICES: '',
    HF_TOKEN: 't',
    PATH: '/bin',
  };
  const before = { ...process.env };
  Object.assign(process.env, variables);
  const inherited = inheritedByServers();
  for (const name of Object.keys(variables)) delete process.env[name];
  Object.assign(process.env, before);
  expect(inherited).toMatchObject({ CUDA_VISIBLE_DEVICES: '', HF_TOKEN: 't', PATH: '/bin' });
  expect(Object.keys(inherited).filter((name) => /NATS|XIM|OTEL/.test(name))).toEqual([]);
});
