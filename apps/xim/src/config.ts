/** The settings of a worker. */
import { integer, secret, setting, url } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { endpointTask } from '@xerotier/contracts/auth';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { z } from 'zod';
import { serverSettings } from './engine-process/server-settings.ts';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

export const settings = {
  service: serviceSettings,
  nats: natsSettings,
  workerId: setting(
    'XIM_WORKER_ID',
    token.optional(),
    'Id of this worker in the fleet. Default: generated at each start. Set it only when something else must identify the worker.',
  ),
  modelId: setting(
    'XIM_MODEL_ID',
    token,
    'Id of the model that this worker serves, as in its NATS subjects and in the model catalogue.',
  ),
  engine: {
    kind: setting(
      'XIM_ENGINE',
      z.enum(['llama', 'openai', 'vllm', 'sglang', 'llama-server', 'scripted']),
      'llama: a GGUF file in this process, on the CPU. openai: an OpenAI-compatible server that runs already (vLLM, SGLang, llama-server, Ollama). vllm, sglang, llama-server: such a server, started and supervised by the worker. scripted: deterministic text for tests and benchmarks.',
    ),
    task: setting(
      'XIM_TASK',
      endpointTask.default('generate'),
      'What the worker does with its model. generate: chat. embed: embeddings, and scores computed from their similarity. score: scores of the model itself (openai), otherwise as embed. transcribe, speak, image: speech to text, text to speech, images (openai only). A GGUF file of a pooling model always embeds; the scripted engine supports the first three. Default generate.',
    ),
    slots: setting(
      'XIM_SLOTS',
      integer({ min: 1, max: 4_096 }).default(4),
      'Maximum number of concurrent generations. Default 4. openai: with vLLM set it to its --max-num-seqs. A supervised server gets it as that.',
    ),
    contextTokens: setting(
      'XIM_CONTEXT_TOKENS',
      integer({ min: 16, max: 10_000_000 }).optional(),
      'Context window per generation, in tokens. Default: what the model or the server reports, at most 4096 for llama. A supervised server gets it as its maximum. openai: unknown when the server does not report it; a limit of the client is then passed to the server unchanged.',
    ),
    modelPath: setting(
      'XIM_MODEL_PATH',
      z.string().optional(),
      'llama: path of the GGUF file. Supervised servers: path of the model, or its id on the Hugging Face Hub.',
    ),
    threads: setting(
      'XIM_THREADS',
      integer({ min: 1, max: 1_024 }).optional(),
      'llama: number of compute threads. Default: all cores but one. More threads than idle cores make it many times slower.',
    ),
    upstreamUrl: setting(
      'XIM_UPSTREAM_URL',
      url('http', 'https').optional(),
      'openai: base URL of the server, ending in /v1.',
    ),
    upstreamKey: secret(
      'XIM_UPSTREAM_KEY',
      z.string().optional(),
      'openai: API key of the server, if it requires one.',
    ),
    upstreamModel: setting(
      'XIM_UPSTREAM_MODEL',
      z.string().optional(),
      'openai: name of the model on the server. Default: the first that it lists.',
    ),
    upstreamTimeoutSeconds: setting(
      'XIM_UPSTREAM_TIMEOUT_SECONDS',
      integer({ min: 1, max: 3_600 }).default(120),
      'Servers: timeout for the first token of a streamed response. A server that sends no data at all and fails every health probe for this long counts as hung: requests that wait for it move to another worker, and a supervised server is restarted. Default 120.',
    ),
    cacheSaltSecret: secret(
      'XIM_CACHE_SALT_SECRET',
      z.string().min(16, 'must have at least 16 characters').optional(),
      'vLLM and SGLang: what the cache salts of projects are derived from, so that no project can find out what another one has sent. At least 16 characters. Default: generated at each start. Set it to the same value for workers that share a cache.',
    ),
  },
  server: serverSettings,
} as const;

export type XimConfig = ConfigOf<typeof settings>;
