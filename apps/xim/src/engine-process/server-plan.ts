/** Decides how the supervised server is started: from the settings, and from what this machine has. */
import { inheritedVariables } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { XimConfig } from '../config.ts';
import { findGpus, tensorParallelSizeOf } from './gpus.ts';
import type { FoundGpus } from './gpus.ts';
import type { Recipe, ServerPlan } from './recipe.ts';

/** What a server may see of the environment of the worker: its own settings and those of its libraries, but no secret of the worker. */
const INHERITED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LC_.*|TZ|XDG_CACHE_HOME|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_LIBRARY_PATH|VIRTUAL_ENV|CONDA_.*|PYTHON.*|(?:https?|no|all)_proxy|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|SSL_CERT_.*|REQUESTS_CA_BUNDLE|(?:CUDA|NVIDIA|NCCL|UCX|GLOO|HIP|ROCR|HSA|ROCM|MIOPEN|TORCH|TORCHINDUCTOR|PYTORCH|TRITON|FLASHINFER|OMP|KMP|MKL|GOMP|HF|HUGGING_FACE|HUGGINGFACE|TRANSFORMERS|SAFETENSORS|TOKENIZERS|VLLM|SGLANG|SGL|LLAMA|GGML)_.*)$/;

const GIB = 2 ** 30;
const OFFLOAD_GIB_MAX = 64;
const KEY_BYTES = 32;

export interface PreparedServer {
  readonly plan: ServerPlan;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not appear in logs. */
  readonly secrets: readonly string[];
  readonly baseUrl: string;
}

/** Returns the variables that a server inherits. */
export function inheritedByServers(): Record<string, string> {
  return inheritedVariables(INHERITED);
}

/**
 * Finds the GPUs and a port, and puts the command line together.
 * @throws an Error that names the setting that is missing or does not fit.
 */
export async function prepareServer(
  recipe: Recipe,
  config: Pick<XimConfig, 'engine' | 'server' | 'modelId'>,
  log: Logger,
  env: Readonly<Record<string, string>> = inheritedByServers(),
): Promise<PreparedServer> {
  checkSettings(recipe, config);
  const found = await findGpus(env);
  log.info('GPUs found', {
    accelerator: found.accelerator,
    gpus: found.gpus.map(({ name, memoryBytes }) => ({ name, memoryGib: Math.floor((10 * memoryBytes) / GIB) / 10 })),
  });
  const plan = planOf(config, found, config.server.port === 0 ? await freePort() : config.server.port);
  const command = recipe.command(plan);
  return {
    plan,
    program: config.server.program ?? recipe.program,
    args: [...command.args, ...config.server.args],
    env: { ...command.envDefaults, ...env, ...command.env },
    secrets: [plan.apiKey, ...secretsIn(env)],
    baseUrl: `http://127.0.0.1:${plan.port}/v1`,
  };
}

function checkSettings(recipe: Recipe, { engine, server }: Pick<XimConfig, 'engine' | 'server'>): void {
  const { kind, task } = engine;
  if (engine.modelPath === undefined)
    throw new Error(`XIM_MODEL_PATH must be the path or the id of a model when XIM_ENGINE is ${kind}.`);
  if (engine.modelPath.startsWith('-')) throw new Error('XIM_MODEL_PATH must not begin with a hyphen.');
  if (!recipe.tasks.includes(task))
    throw new Error(`XIM_TASK is ${task}: with XIM_ENGINE ${kind} it may be ${recipe.tasks.join(', ')}.`);
  const reserved = server.args.find((argument) => recipe.reservedOptions.includes(argument.replace(/=.*/s, '')));
  if (reserved !== undefined)
    throw new Error(`XIM_SERVER_ARGS contains ${reserved.replace(/=.*/s, '')}, which the worker sets itself.`);
}

function planOf(
  { engine, server, modelId }: Pick<XimConfig, 'engine' | 'server' | 'modelId'>,
  found: FoundGpus,
  port: number,
): ServerPlan {
  const { gpus, accelerator } = found;
  const { tensorParallelSize = tensorParallelSizeOf(gpus) } = server;
  if (accelerator !== 'none' && tensorParallelSize > gpus.length)
    throw new Error(`XIM_TENSOR_PARALLEL_SIZE is ${tensorParallelSize}, but the server can use ${gpus.length} GPUs.`);
  const quarterGib = Math.floor(process.availableMemory() / GIB / 4);
  return {
    model: engine.modelPath as string,
    servedName: modelId,
    task: engine.task,
    port,
    apiKey: randomBytes(KEY_BYTES).toString('base64url'),
    slots: engine.slots,
    accelerator,
    tensorParallelSize,
    contextTokens: engine.contextTokens,
    memoryFraction: server.memoryFraction,
    quantization: server.quantization,
    kvCacheDtype: server.kvCacheDtype,
    kvOffloadGib: server.kvOffloadGib ?? (engine.kind === 'vllm' ? Math.min(OFFLOAD_GIB_MAX, quarterGib) : 0),
    cpuKvCacheGib: Math.max(1, quarterGib),
  };
}

/** Tokens of model hubs, and passwords of proxies. */
function secretsIn(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (/(?:TOKEN|KEY|SECRET|PASSWORD)$/.test(name)) return [value];
    const password = /proxy$/i.test(name) && URL.canParse(value) ? new URL(value).password : '';
    return password === '' ? [] : [password];
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
