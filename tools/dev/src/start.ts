/** `npm start`: the whole platform in the foreground, or with --detach in the background. */
import { rotateLog } from '@xerotier/local-servers';
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAll } from './build.ts';
import { DevFileWriter, stackState } from './dev-file.ts';
import type { DevFile, StackState } from './dev-file.ts';
import { endWithParent } from './end-with-parent.ts';
import { waitForFirstToken } from './first-token.ts';
import { givenUrls } from './given-servers.ts';
import { choosePort, wantedPort } from './http-port.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { bundledPlatform } from './presets.ts';
import { Progress } from './progress.ts';
import { defaultStateDir as state } from './project-paths.ts';
import { releaseLock, takeLock } from './supervisor-lock.ts';
import { welcome } from './welcome.ts';

const IN_BACKGROUND = 'XEROTIER_IN_BACKGROUND';
const DETACHED_START_TIMEOUT_MS = 300_000;
const POLL_MS = 200;

export async function start(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== '--detach');
  if (unknown !== undefined)
    throw new Error(`Unknown argument '${unknown}': npm start takes --detach, and XEROTIER_PORT in the environment.`);
  if (args.includes('--detach')) await startDetached();
  else await startHere();
}

async function startHere(): Promise<void> {
  if ((await takeLock(state)) !== undefined) {
    printRunning(await stackState(state));
    return;
  }
  const isInBackground = process.env[IN_BACKGROUND] !== undefined;
  const progress = new Progress();
  const devFile = new DevFileWriter(state);
  let platform: Platform | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (code: number): Promise<void> => {
    stopping ??= (async () => {
      progress.step('stopping');
      await platform?.stop();
      await devFile.remove();
      await releaseLock(state);
      progress.done('stopped');
      process.exit(code);
    })();
    return stopping;
  };
  // During the start, everything started so far exits with this process: servers and services ensure that.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  if (!isInBackground) endWithParent(() => void stop(0));

  try {
    // The file of a killed stack must not be taken for this one's.
    await rm(state.devFile, { force: true });
    const httpPort = await choosePort(process.env['XEROTIER_PORT']);
    // A build replaces files from which other stacks of this checkout may be starting.
    if (process.env['XEROTIER_BUILD'] !== 'skip') {
      progress.step('building');
      await buildAll();
    }
    platform = await startPlatform({
      state,
      ...bundledPlatform(),
      httpPort,
      given: givenUrls(process.env),
      env: {
        LOG_LEVEL: process.env['LOG_LEVEL'] || 'info',
        CHECK_RESPONSES: process.env['CHECK_RESPONSES'] || 'true',
        ...telemetryOf(process.env),
      },
      accounts: accountsOf(process.env),
      onProgress: (message) => progress.step(message),
      onNotice: (message) => progress.note(message),
      onChange: () => void (platform && devFile.write(platform.description)),
    });
    progress.step('waiting for the first token');
    await waitForFirstToken(platform.description);
    await devFile.write(platform.description);
    // In the background this output is a log, which must not contain the key.
    progress.done(isInBackground ? 'running' : welcome(platform.description));
  } catch (error) {
    progress.fail(error instanceof Error ? error.message : String(error));
    await stop(1);
  }
}

/** Settings of auth that depend on who runs it: how mail is sent, and identity providers (docs/tenancy.md). */
const ACCOUNT_SETTINGS = [
  ...[
    'SMTP_URL',
    'MAIL_FROM',
    'PUBLIC_URL',
    'GITHUB_CLIENT_ID',
    'GITHUB_CLIENT_SECRET',
    'GITHUB_URL',
    'GITHUB_API_URL',
  ],
  ...['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_NAME'],
];

function accountsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const given = ACCOUNT_SETTINGS.flatMap((name) => {
    const value = env[name] ?? '';
    return value === '' ? [] : [[name, value]];
  });
  return Object.fromEntries(given) as Record<string, string>;
}

/** Where spans are sent (docs/observability.md). */
function telemetryOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(env).filter(([name, value]) => name.startsWith('OTEL_') && value !== undefined);
  return Object.fromEntries(given) as Record<string, string>;
}

async function startDetached(): Promise<void> {
  // Checked here already, so that the error is printed to the terminal.
  wantedPort(process.env['XEROTIER_PORT']);
  const progress = new Progress();
  const before = await stackState(state);
  if (before.holder !== undefined) {
    if (before.description === undefined) progress.step(`waiting for process ${before.holder.pid} to start it`);
    printRunning(await settled(() => false));
    return;
  }
  await mkdir(state.logs, { recursive: true });
  const logFile = join(state.logs, 'supervisor.log');
  rotateLog(logFile);
  // In append mode: the file is truncated by rotation while it is open.
  const log = openSync(logFile, 'a', 0o600);
  const logStartsAt = fstatSync(log).size;
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'main.ts'), 'start'], {
    stdio: ['ignore', log, log],
    env: { ...process.env, [IN_BACKGROUND]: '1' },
    detached: true,
  });
  closeSync(log);
  progress.step(`starting in the background (log: ${logFile})`);
  const { holder, description } = await settled(() => child.exitCode === null && child.signalCode === null);
  if (description === undefined) {
    progress.fail(`The start failed:\n${readFileSync(logFile).subarray(logStartsAt).toString()}`);
    process.exit(1);
  }
  if (holder?.pid === child.pid) progress.done(welcome(description, description.notices));
  // Another process was faster.
  else printRunning({ holder, description });
  child.unref();
}

/** Waits until the stack runs, or no process is starting it any more. */
async function settled(isStarting: () => boolean): Promise<StackState> {
  const deadline = performance.now() + DETACHED_START_TIMEOUT_MS;
  for (;;) {
    const starting = isStarting();
    const found = await stackState(state);
    const isOver = !starting && found.holder === undefined;
    if (isOver || found.description !== undefined || performance.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Prints a stack that is already running. An error if another port was requested. */
function printRunning({ holder, description }: StackState): void {
  const todo = '`npm stop` stops it, `npm run status` shows it.';
  if (holder === undefined) throw new Error('The process that was starting the stack has exited; try again.');
  if (description === undefined) {
    process.stdout.write(`Xerotier is already being started by process ${holder.pid}. ${todo}\n`);
    return;
  }
  process.stdout.write(`Xerotier is already running (process ${holder.pid}) at ${description.baseUrl}. ${todo}\n`);
  process.stdout.write(`${welcome(description, description.notices)}\n`);
  rejectOtherPort(description);
}

function rejectOtherPort({ baseUrl }: DevFile): void {
  const wanted = wantedPort(process.env['XEROTIER_PORT']);
  if (wanted === undefined || wanted === Number(new URL(baseUrl).port)) return;
  throw new Error(
    `It does not listen on port ${wanted} (XEROTIER_PORT). To change the port: npm stop, then npm start. ` +
      'To run a second stack, use another folder: XEROTIER_HOME=/some/folder npm start',
  );
}
