/** The settings of a server that the worker supervises. */
import { integer, port, setting } from '@xerotier/config';
import { z } from 'zod';

const ARGUMENTS_MAX = 256;
const argument = z.string().min(1).max(16_384);
const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be 1 to 64 letters, digits, _, . or -');

export const serverSettings = {
  program: setting(
    'XIM_SERVER_PROGRAM',
    argument.optional(),
    'Program of the supervised server: a path, or a name that is found in PATH. Default: vllm, sglang or llama-server.',
  ),
  port: setting(
    'XIM_SERVER_PORT',
    port.default(0),
    'Port of the supervised server on the loopback address. Default 0: any free port.',
  ),
  args: setting(
    'XIM_SERVER_ARGS',
    z.string().default('[]').transform(argumentsIn),
    'Further arguments of the supervised server, as a JSON array of strings: ["--dtype", "bfloat16"]. They follow those that the worker sets, and take precedence where the server lets the last one win. They are visible to other users of the machine.',
  ),
  tensorParallelSize: setting(
    'XIM_TENSOR_PARALLEL_SIZE',
    integer({ min: 1, max: 64 }).optional(),
    'vllm, sglang: number of GPUs that the model is distributed over. Default: the largest power of two of the GPUs found.',
  ),
  memoryFraction: setting(
    'XIM_GPU_MEMORY_UTILIZATION',
    z
      .string()
      .regex(/^(?:0?\.\d{1,4}|1(?:\.0{1,4})?)$/, 'must be a number above 0 and at most 1')
      .transform(Number)
      .refine((fraction) => fraction > 0, 'must be a number above 0 and at most 1')
      .optional(),
    'vllm, sglang: share of the memory of each GPU that the server uses. Default: that of the server.',
  ),
  quantization: setting(
    'XIM_QUANTIZATION',
    word.optional(),
    'vllm, sglang: quantization method, such as fp8 or awq. Default: that of the model.',
  ),
  kvCacheDtype: setting(
    'XIM_KV_CACHE_DTYPE',
    word.optional(),
    'Type of the KV cache, such as fp8, or q8_0 for llama-server. Default: that of the server.',
  ),
  kvOffloadGib: setting(
    'XIM_KV_OFFLOAD_GIB',
    integer({ min: 0, max: 4_096 }).optional(),
    'Memory of this machine for KV cache that no longer fits the GPUs, in GiB, for all GPUs together. 0: none. Default of vllm on GPUs: a quarter of the available memory, at most 64. sglang: none. llama-server has no such cache.',
  ),
  startTimeoutSeconds: setting(
    'XIM_SERVER_START_TIMEOUT_SECONDS',
    integer({ min: 1, max: 86_400 }).default(1_800),
    'Maximum time until the supervised server has loaded its model, downloads included, in seconds. Then it is restarted. Default 1800.',
  ),
  failuresMax: setting(
    'XIM_SERVER_FAILURES_MAX',
    integer({ min: 1, max: 1_000 }).default(5),
    'Failures of the supervised server in a row, without a minute of service between them, after which they count as a crash loop: the worker exits if the server has never served, and otherwise restarts it every five minutes only. Default 5.',
  ),
} as const;

function argumentsIn(text: string, context: z.RefinementCtx): string[] {
  const result = z.array(argument).max(ARGUMENTS_MAX).safeParse(parsed(text));
  if (result.success) return result.data;
  context.addIssue({
    code: 'custom',
    message: `must be a JSON array of at most ${ARGUMENTS_MAX} strings, none of them empty`,
  });
  return z.NEVER;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
