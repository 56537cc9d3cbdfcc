/** The settings of a worker. */
import { integer, secret, setting, url } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { endpointTask } from '@xerotier/contracts/auth';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { z } from 'zod';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

export const settings = {
  service: serviceSettings,
  nats: natsSettings,
  workerId: setting(
    'XIM_WORKER_ID',
    token.optional(),
    'Id of this worker in the fleet. Default: a new one at each start, which is what you want unless something else must recognise it.',
  ),
  modelId: setting(
    'XIM_MODEL_ID',
    token,
    'Id of the model that this worker serves: the name of its NATS subjects, and of its row in the model catalogue.',
  ),
  engine: {
    kind: setting(
      'XIM_ENGINE',
      z.enum(['llama', 'openai', 'scripted']),
      'llama: a GGUF file in this process, on the CPU. openai: an OpenAI-compatible server (vLLM, SGLang, llama-server, Ollama). scripted: deterministic text for tests and benchmarks.',
    ),
    task: setting(
      'XIM_TASK',
      endpointTask.default('generate'),
      'What the worker does with its model. generate: chat. embed: embeddings, and scores by their similarity. score: scores of the model itself (openai), else as embed. transcribe, speak, image: text of sound, sound of text, images (openai only). A GGUF file that pools embeds whatever this says; the scripted engine does the first three of it. Default generate.',
    ),
    slots: setting(
      'XIM_SLOTS',
      integer({ min: 1, max: 4_096 }).default(4),
      'Generations that run at once. Default 4. With vLLM set it to its --max-num-seqs.',
    ),
    contextTokens: setting(
      'XIM_CONTEXT_TOKENS',
      integer({ min: 16, max: 10_000_000 }).optional(),
      'Context window per generation, in tokens. Default: what the model or the server says, at most 4096 for llama. openai: unknown when the server does not say; a limit of the client then goes to the server as it is.',
    ),
    modelPath: setting('XIM_MODEL_PATH', z.string().optional(), 'llama: path of the GGUF file.'),
    threads: setting(
      'XIM_THREADS',
      integer({ min: 1, max: 1_024 }).optional(),
      'llama: threads that compute. Default: all cores but one; more than there are idle cores makes it many times slower.',
    ),
    upstreamUrl: setting(
      'XIM_UPSTREAM_URL',
      url('http', 'https').optional(),
      'openai: base URL of the server, ending in /v1.',
    ),
    upstreamKey: secret('XIM_UPSTREAM_KEY', z.string().optional(), 'openai: key for the server, when it wants one.'),
    upstreamModel: setting(
      'XIM_UPSTREAM_MODEL',
      z.string().optional(),
      'openai: name of the model at the server. Default: the first that it lists.',
    ),
    upstreamTimeoutSeconds: setting(
      'XIM_UPSTREAM_TIMEOUT_SECONDS',
      integer({ min: 1, max: 3_600 }).default(120),
      'openai: how long the server may take to the first token of a streamed response. A server that sends nothing to anybody and fails all health probes for so long counts as hung: what waits for it goes to another worker. Default 120.',
    ),
  },
} as const;

export type XimConfig = ConfigOf<typeof settings>;
