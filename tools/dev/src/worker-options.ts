/** The options of `npm run worker`. */
import { endpointTask } from '@xerotier/contracts/auth';
import { modelId, slug } from '@xerotier/contracts/ids';
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const WORKER_USAGE = `npm run worker -- --model FILE | --upstream URL [options]

Runs an additional worker for the running stack, until Ctrl-C, with an endpoint in the demo project.

  --model FILE          a GGUF file, run on the CPU of this machine
  --upstream URL        an OpenAI-compatible server, ending in /v1 (vLLM, SGLang, llama-server, Ollama)
  --name NAME           name of the model for clients; default: the file name, or the server's name for it
  --upstream-model NAME the server's name for the model; default: the first one it lists
  --task TASK           ${endpointTask.options.join(', ')}; default generate
  --endpoint SLUG       slug of the endpoint; default: derived from NAME
  --no-endpoint         do not create an endpoint
  --slots N             concurrent requests; default 4, with vLLM its --max-num-seqs
  --context N           tokens of context per request
  --threads N           compute threads; default all cores but one

The key of the server, if required, is XIM_UPSTREAM_KEY in the environment. All other XIM_* settings are read from there
too (docs/generated/configuration.md).
`;

export interface WorkerOptions {
  /** Id in the fleet and the catalogue, derived from the name. */
  readonly modelId: string;
  readonly name: string;
  readonly task: string;
  /** Undefined with --no-endpoint. */
  readonly endpoint: string | undefined;
  /** The resulting `XIM_*` settings. */
  readonly env: Readonly<Record<string, string>>;
}

/** The command was called with invalid arguments. The message contains the usage. */
export class UsageError extends Error {
  constructor(problem: string) {
    super(`${problem}\n\n${WORKER_USAGE}`);
  }
}

const INTEGERS = { slots: 'XIM_SLOTS', context: 'XIM_CONTEXT_TOKENS', threads: 'XIM_THREADS' } as const;
const GGUF = 'GGUF';
const GGUF_VERSIONS: readonly number[] = [1, 2, 3];
const MODELS_TIMEOUT_MS = 10_000;

/**
 * Parses the arguments; returns 'help' when requested. Checks the file, or requests the first model of the server when
 * no name is given.
 * @param options.cwd base of relative paths.
 * @param options.taken slugs of the stack's own endpoints.
 * @throws {UsageError} that names the option.
 */
export async function workerOptions(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly taken: readonly string[] },
): Promise<WorkerOptions | 'help'> {
  const given = parse(args);
  if (given.help === true) return 'help';
  const { model, upstream, task = 'generate' } = given;
  if ((model === undefined) === (upstream === undefined))
    throw new UsageError('Expected one of --model and --upstream.');
  if (!endpointTask.safeParse(task).success)
    throw new UsageError(`--task is '${task}': expected one of ${endpointTask.options.join(', ')}.`);
  const engine =
    model !== undefined
      ? await fileEngine(resolve(options.cwd, model), task)
      : await serverEngine(upstream as string, given['upstream-model'], given.name, options.env);
  const name = given.name ?? engine.name;
  if (name === '' || name.length > 256) throw new UsageError('Expected --name with 1 to 256 characters.');
  const id = idOf(name);
  if (!modelId.safeParse(id).success)
    throw new UsageError(`--name is '${name}': expected at least one letter or digit.`);
  return {
    modelId: id,
    name,
    task,
    endpoint: given['no-endpoint'] === true ? undefined : endpointOf(given.endpoint, id, options.taken),
    env: { ...engine.env, XIM_TASK: task, ...integers(given) },
  };
}

type Given = ReturnType<typeof parse>;

function parse(args: readonly string[]): {
  [
    name in 'model' | 'upstream' | 'name' | 'upstream-model' | 'task' | 'endpoint' | 'slots' | 'context' | 'threads'
  ]?: string;
} & { 'no-endpoint'?: boolean; help?: boolean } {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ model: text, upstream: text, name: text, 'model-name': text, 'upstream-model': text, task: text },
        ...{ endpoint: text, slots: text, context: text, threads: text },
        'no-endpoint': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { 'model-name': modelName, ...rest } = values;
    return { ...(modelName !== undefined && { name: modelName }), ...rest };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

interface EngineChoice {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

async function fileEngine(path: string, task: string): Promise<EngineChoice> {
  const version = await ggufVersion(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `--model: ${path} does not exist.` : `--model: ${path} cannot be read (${error.code}).`,
    );
  });
  if (version === undefined) throw new UsageError(`--model: ${path} is not a GGUF file.`);
  if (!GGUF_VERSIONS.includes(version))
    throw new UsageError(`--model: ${path} is corrupt, or has an unknown GGUF version (${version}).`);
  if (!['generate', 'embed', 'score'].includes(task))
    throw new UsageError(`--task ${task} needs a server (--upstream): GGUF files support generate, embed and score.`);
  return { name: basename(path).replace(/\.gguf$/i, ''), env: { XIM_ENGINE: 'llama', XIM_MODEL_PATH: path } };
}

/** Returns undefined for any other file. Checked here, since the parser may take very long on an invalid file. */
async function ggufVersion(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GGUF.length + 4), 0, GGUF.length + 4, 0);
    if (bytesRead < buffer.length || buffer.toString('latin1', 0, GGUF.length) !== GGUF) return undefined;
    return buffer.readUInt32LE(GGUF.length);
  } finally {
    await file.close();
  }
}

async function serverEngine(
  url: string,
  upstreamModel: string | undefined,
  name: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<EngineChoice> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`--upstream is '${url}': expected the URL of the server, such as http://127.0.0.1:8000/v1.`);
  const called = upstreamModel ?? env['XIM_UPSTREAM_MODEL'];
  return {
    name: name ?? called ?? (await firstModel(url, env['XIM_UPSTREAM_KEY'])),
    env: {
      XIM_ENGINE: 'openai',
      XIM_UPSTREAM_URL: url,
      ...(called !== undefined && { XIM_UPSTREAM_MODEL: called }),
    },
  };
}

async function firstModel(url: string, key: string | undefined): Promise<string> {
  const problem = (reason: string): UsageError =>
    new UsageError(`${url.replace(/\/$/, '')}/models ${reason}; set the name of the model: --name NAME.`);
  const response = await fetch(`${url.replace(/\/$/, '')}/models`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(MODELS_TIMEOUT_MS),
  }).catch(() => undefined);
  if (response === undefined) throw problem('is not responding');
  if (!response.ok) throw problem(`returned ${response.status}`);
  const list = (await response.json().catch(() => undefined)) as { data?: { id?: unknown }[] } | undefined;
  const id = list?.data?.[0]?.id;
  if (typeof id !== 'string' || id === '') throw problem('lists no model');
  return id;
}

/** Converts `org/My model.q4` to `org-My-model-q4`: ids are parts of NATS subjects. */
function idOf(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

function endpointOf(given: string | undefined, id: string, taken: readonly string[]): string {
  const made = id
    .toLowerCase()
    .replaceAll('_', '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  const endpoint = given ?? made;
  const result = slug.safeParse(endpoint);
  if (!result.success) throw new UsageError(`--endpoint is '${endpoint}': it ${result.error.issues[0]?.message}.`);
  if (taken.includes(endpoint))
    throw new UsageError(`--endpoint: '${endpoint}' belongs to a bundled model. Choose another one.`);
  return endpoint;
}

function integers(given: Given): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [option, variable] of Object.entries(INTEGERS)) {
    const value = given[option as keyof typeof INTEGERS];
    if (value === undefined) continue;
    if (!/^[1-9]\d{0,7}$/.test(value)) throw new UsageError(`--${option} is '${value}': expected a positive integer.`);
    env[variable] = value;
  }
  return env;
}
