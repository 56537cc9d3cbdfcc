/** `npm run worker`: an additional worker for the running stack, in the foreground. */
import { keepLogsBounded } from '@xerotier/local-servers';
import { environmentOf, readRegistry, serviceNamed } from '@xerotier/registry';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { buildAll } from './build.ts';
import { loadCredentials } from './credentials.ts';
import { stackState } from './dev-file.ts';
import type { DevFile } from './dev-file.ts';
import { endWithParent } from './end-with-parent.ts';
import { LogFile } from './log-file.ts';
import { formatLogLine } from './log-line.ts';
import { PROJECT_NAME, PROJECT_SLUG, TEAM_NAME } from './platform.ts';
import { bundledPlatform } from './presets.ts';
import { lockHolder, takeLockFile } from './process-lock.mjs';
import type { Holder } from './process-lock.mjs';
import { projectRoot, defaultStateDir as state } from './project-paths.ts';
import { seedModels, seedProject } from './seed.ts';
import { ServiceProcess } from './service-process.ts';
import { curlLines } from './welcome.ts';
import { WORKER_USAGE, workerOptions } from './worker-options.ts';
import type { WorkerOptions } from './worker-options.ts';

const OWNER = 'local';
const PRINT_INTERVAL_MS = 200;

export async function worker(args: readonly string[]): Promise<void> {
  const options = await workerOptions(args, {
    // npm runs scripts in the project's folder, and passes the original one.
    cwd: process.env['INIT_CWD'] ?? process.cwd(),
    env: process.env,
    taken: bundledPlatform().endpoints.map(({ slug }) => slug),
  });
  if (options === 'help') {
    process.stdout.write(WORKER_USAGE);
    return;
  }
  const stack = await runningStack();
  if (!existsSync(join(projectRoot, 'apps/xim/dist/main.js'))) await buildAll();
  process.exit(await run(options, stack));
}

/** @throws {Error} with advice when there is none. */
async function runningStack(): Promise<DevFile> {
  const { holder, description } = await stackState(state);
  if (description !== undefined) return description;
  throw new Error(
    holder === undefined
      ? `No stack is running in ${state.root}. Start one with npm start (or npm start -- --detach), then run this again.`
      : `The stack is still being started by process ${holder.pid}. Run this again when npm run status shows it.`,
  );
}

/** Runs the worker until it exits. Returns the exit code. */
async function run(options: WorkerOptions, stack: DevFile): Promise<number> {
  const name = await claimName(options.modelId);
  const service = new ServiceProcess({
    name,
    app: 'xim',
    env: { ...ownSettings(process.env), ...options.env, XIM_MODEL_ID: options.modelId, NATS_URL: stack.natsUrl },
    logFile: join(state.logs, `${name}.log`),
    restart: false,
    // An upstream server may take long to load a model.
    startTimeoutMs: Infinity,
  });
  const log = new LogFile(service.spec.logFile);
  log.skipToEnd();
  const show = (): void => log.readNew().forEach((line) => print(formatLogLine(line, name.length)));
  const showing = setInterval(show, PRINT_INTERVAL_MS);
  const endBounds = keepLogsBounded(() => [service.spec.logFile]);
  let isStopping = false;
  const stop = (): void => {
    isStopping = true;
    void service.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  endWithParent(stop);
  try {
    print(`Starting a worker for ${options.name} (log: ${service.spec.logFile})`);
    const starting = service.start();
    const { exited } = service;
    await starting.then(
      async () => print(await announce(options, service, stack)),
      // Its output is on the terminal already.
      () => undefined,
    );
    const { code, signal } = await exited;
    show();
    if (!isStopping) print(`The worker exited (${signal ?? `code ${code}`}).`);
    return code ?? 128 + constants.signals[signal as NodeJS.Signals];
  } finally {
    await service.stop();
    clearInterval(showing);
    endBounds();
    await rm(claimFile(name), { force: true });
  }
}

/** Seeds model and endpoint, and returns the text to print. */
async function announce(options: WorkerOptions, service: ServiceProcess, stack: DevFile): Promise<string> {
  const { name, modelId, task, endpoint } = options;
  const common = { NATS_URL: stack.natsUrl, DATABASE_URL: stack.databaseUrl };
  const { contextTokens } = service.facts;
  await seedModels(
    [
      {
        id: modelId,
        name,
        ownedBy: OWNER,
        ...(contextTokens !== undefined && { contextTokens: Number(contextTokens) }),
      },
    ],
    common,
  );
  if (endpoint === undefined) return `\nThe worker serves ${name}. Ctrl-C stops it.\n`;
  const { secrets } = await loadCredentials(state, PROJECT_SLUG);
  await seedProject(
    {
      team: { name: TEAM_NAME },
      project: { name: PROJECT_NAME, slug: PROJECT_SLUG },
      endpoints: [{ slug: endpoint, modelId, tier: 'self_hosted', task: task as 'generate' }],
      keys: [],
    },
    environmentOf(serviceNamed(readRegistry(), 'auth'), {
      servers: { nats: stack.natsUrl, postgres: stack.databaseUrl, redis: stack.redisUrl },
      secrets,
    }),
  );
  const url = `${stack.baseUrl}/${stack.projectId}/${endpoint}/v1`;
  return [
    '',
    `The worker serves ${name} at the endpoint '${endpoint}' of the demo project. Ctrl-C stops it; the endpoint is kept.`,
    '',
    `  base URL  ${url}`,
    `  API key   ${stack.apiKey}`,
    `  model     ${name}`,
    '',
    ...curlLines({ url, apiKey: stack.apiKey, model: name, task }),
    '',
  ].join('\n');
}

/** Returns the workers that run separately, with their processes. */
export async function separateWorkers(): Promise<{ name: string; holder: Holder }[]> {
  const files = (await readdir(state.workers).catch(() => [])).filter((file) => file.endsWith('.json'));
  const found = await Promise.all(
    files.map(async (file) => ({ name: basename(file, '.json'), holder: await lockHolder(join(state.workers, file)) })),
  );
  return found.flatMap(({ name, holder }) => (holder === undefined ? [] : [{ name, holder }]));
}

/** Claims a unique name, and so a log file: `worker-my-model`, `worker-my-model-2`. */
async function claimName(modelId: string): Promise<string> {
  await mkdir(state.workers, { recursive: true, mode: 0o700 });
  await mkdir(state.logs, { recursive: true });
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? `worker-${modelId}` : `worker-${modelId}-${i}`;
    if ((await takeLockFile(claimFile(name))) === undefined) return name;
  }
}

function claimFile(name: string): string {
  return join(state.workers, `${name}.json`);
}

/** Returns the variables that are meant for a worker. */
function ownSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(env).filter(
    ([name, value]) => value !== undefined && (/^(?:XIM|OTEL)_/.test(name) || name === 'LOG_LEVEL'),
  );
  return Object.fromEntries(own) as Record<string, string>;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
