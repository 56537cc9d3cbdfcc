/** The configuration of the engines, derived from the settings of the worker. */
import { endpointTask } from '@xerotier/contracts/auth';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { XimConfig } from '../config.ts';

const SECRET_BYTES = 32;
const slots = z.number().int().min(1).max(4_096);
/** The tasks of in-process engines; the others need an upstream server. */
const ownTask = z
  .enum(['generate', 'embed', 'score'], {
    error: 'XIM_TASK may be transcribe, speak or image only when XIM_ENGINE is a server',
  })
  .default('generate');
const contextTokens = z.number().int().min(16).max(10_000_000);

const scriptedConfig = z.object({
  kind: z.literal('scripted'),
  task: ownTask,
  slots: slots.default(8),
  contextTokens: contextTokens.default(8_192),
});

const llamaConfig = z.object({
  kind: z.literal('llama'),
  task: ownTask,
  /** A GGUF file. */
  modelPath: z.string({ error: 'XIM_MODEL_PATH must name a GGUF file when XIM_ENGINE is llama' }).min(1),
  slots: slots.default(4),
  /** Per slot; capped at the training context of the model. */
  contextTokens: contextTokens.default(4_096),
  /** With as many threads as cores, or more, each token takes many times longer, since the threads wait for one another. */
  threads: z
    .number()
    .int()
    .min(1)
    .max(1_024)
    .default(() => Math.max(1, availableParallelism() - 1)),
});
export type LlamaConfig = z.output<typeof llamaConfig>;
/** The part that loading a model file needs, for any task. */
export type LlamaModelConfig = Omit<LlamaConfig, 'task'>;

const openaiConfig = z.object({
  kind: z.literal('openai'),
  /** What the fleet sees as the engine: the server, if the worker has started it. */
  name: z.enum(['openai', 'vllm', 'sglang', 'llama-server']).default('openai'),
  task: endpointTask.default('generate'),
  /** Base URL of the server, ending in `/v1`. */
  baseUrl: z.url({
    protocol: /^https?$/,
    error: 'XIM_UPSTREAM_URL must be the base URL of the server, ending in /v1, when XIM_ENGINE is openai',
  }),
  apiKey: z.string().min(1).optional(),
  /** Name of the model on the server. Default: the first that it lists. */
  model: z.string().min(1).optional(),
  slots: slots.default(4),
  /** Default: what the server reports; unknown if it does not. */
  contextTokens: contextTokens.optional(),
  /** What cache salts are derived from. Default: generated. */
  cacheSaltSecret: z
    .string()
    .min(16)
    .default(() => randomBytes(SECRET_BYTES).toString('base64url')),
  /** From sending a streamed request to the first byte of the response. */
  firstByteTimeoutMs: z.number().int().min(1).default(120_000),
  /** Between two pieces of a streamed response. */
  idleTimeoutMs: z.number().int().min(1).default(60_000),
  /** For a response that is not streamed, which arrives only when it is complete. */
  responseTimeoutMs: z.number().int().min(1).default(600_000),
});
export type OpenaiConfig = z.output<typeof openaiConfig>;

export const engineConfig = z.discriminatedUnion('kind', [scriptedConfig, llamaConfig, openaiConfig]);
export type EngineConfig = z.output<typeof engineConfig>;

/** A server that the worker has started, for the engine that uses it. */
export interface OwnServer {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
}

/**
 * Returns the configuration of the engine that the settings select.
 * @param server the server that the settings select, if they do: its engine is `openai`.
 * @throws an Error that names the variable when the selected engine requires one that is not set.
 */
export function engineConfigOf(settings: XimConfig['engine'], server?: OwnServer): EngineConfig {
  const result = engineConfig.safeParse({
    kind: server === undefined ? settings.kind : 'openai',
    name: server === undefined ? undefined : settings.kind,
    task: settings.task,
    slots: settings.slots,
    contextTokens: settings.contextTokens,
    modelPath: settings.modelPath,
    threads: settings.threads,
    baseUrl: settings.upstreamUrl,
    apiKey: settings.upstreamKey,
    model: settings.upstreamModel,
    cacheSaltSecret: settings.cacheSaltSecret,
    firstByteTimeoutMs: settings.upstreamTimeoutSeconds * 1_000,
    ...server,
  });
  if (result.success) return result.data;
  throw new Error(`Invalid engine configuration: ${result.error.issues.map((issue) => issue.message).join('; ')}.`);
}
