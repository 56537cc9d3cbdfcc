/** `npm start`: the whole platform in the foreground, or with --detach in the background. */
import { freePort, isPortFree } from '@xerotier/local-servers';
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { writeAtomic } from '@xerotier/local-servers';
import { join } from 'node:path';
import { buildAll } from './build.ts';
import { givenUrls } from './data-servers.ts';
import { waitForFirstToken } from './first-token.ts';
import { startPlatform } from './platform.ts';
import type { Platform, PlatformDescription } from './platform.ts';
import { boxPlatform } from './presets.ts';
import { Progress } from './progress.ts';
import { defaultStateDir as state } from './project-paths.ts';
import { holderOf, releaseLock, takeLock } from './supervisor-lock.ts';
import { welcome } from './welcome.ts';

const IN_BACKGROUND = 'XEROTIER_IN_BACKGROUND';
const PORT_USUAL = 8_080;
const DETACHED_START_TIMEOUT_MS = 300_000;

export async function start(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== '--detach');
  if (unknown !== undefined)
    throw new Error(`npm start knows no '${unknown}'. It takes --detach, and XEROTIER_PORT in the environment.`);
  if (args.includes('--detach')) await startDetached();
  else await startHere();
}

async function startHere(): Promise<void> {
  const holder = await takeLock(state);
  if (holder !== undefined) {
    await sayRunning(holder.pid);
    return;
  }
  const progress = new Progress();
  let platform: Platform | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (code: number): Promise<void> => {
    stopping ??= (async () => {
      progress.step('stopping');
      await platform?.stop();
      await rm(state.devFile, { force: true });
      await releaseLock(state);
      progress.done('stopped');
      process.exit(code);
    })();
    return stopping;
  };
  // While it starts, everything that was started so far ends with this process: the servers and services see to that.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));

  try {
    progress.step('building');
    await buildAll();
    platform = await startPlatform({
      state,
      ...boxPlatform(),
      httpPort: await choosePort(process.env['XEROTIER_PORT']),
      given: givenUrls(process.env),
      env: { LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info' },
      onProgress: (message) => progress.step(message),
      onChange: () => void (platform && writeDevFile(platform.description)),
    });
    progress.step('waiting for the first token');
    await waitForFirstToken(platform.description);
    await writeDevFile(platform.description);
    // In the background this output is a log, which must not hold the key.
    progress.done(process.env[IN_BACKGROUND] === undefined ? welcome(platform.description) : 'running');
  } catch (error) {
    progress.fail(error instanceof Error ? error.message : String(error));
    await stop(1);
  }
}

async function startDetached(): Promise<void> {
  const holder = await holderOf(state);
  if (holder !== undefined) return sayRunning(holder.pid);
  await mkdir(state.logs, { recursive: true });
  const logFile = join(state.logs, 'supervisor.log');
  const log = openSync(logFile, 'w', 0o600);
  await rm(state.devFile, { force: true });
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'main.ts'), 'start'], {
    stdio: ['ignore', log, log],
    env: { ...process.env, [IN_BACKGROUND]: '1' },
    detached: true,
  });
  const ended = new Promise<'ended'>((resolve) => child.once('exit', () => resolve('ended')));
  const progress = new Progress();
  progress.step(`starting in the background (log: ${logFile})`);
  const deadline = performance.now() + DETACHED_START_TIMEOUT_MS;
  for (;;) {
    const outcome = await Promise.race([
      ended,
      new Promise<'waiting'>((resolve) => setTimeout(() => resolve('waiting'), 200)),
    ]);
    const description = await readDevFile();
    if (description !== undefined) {
      progress.done(welcome(description));
      child.unref();
      return;
    }
    if (outcome === 'ended' || performance.now() > deadline) {
      progress.fail(`It did not start:\n${readFileSync(logFile, 'utf8')}`);
      process.exit(1);
    }
  }
}

async function sayRunning(pid: number): Promise<void> {
  const description = await readDevFile();
  process.stdout.write(
    `Xerotier is running already (process ${pid}). \`npm stop\` ends it, \`npm run status\` shows it.\n`,
  );
  if (description !== undefined) process.stdout.write(`${welcome(description)}\n`);
}

/** What is written there may be read by anybody who may use the platform anyway: the owner. */
let writing: Promise<void> = Promise.resolve();

/** One after the other, and each at once: tools read the file at any moment. */
function writeDevFile(description: PlatformDescription): Promise<void> {
  const write = (): Promise<void> => writeAtomic(state.devFile, `${JSON.stringify(description, null, 2)}\n`);
  // One that fails does not keep the next from being tried.
  writing = writing.then(write, write);
  return writing;
}

export async function readDevFile(): Promise<PlatformDescription | undefined> {
  const text = await readFile(state.devFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PlatformDescription;
  } catch {
    return undefined;
  }
}

/** The wanted port; without a wish the usual one, unless a stranger has it. */
async function choosePort(text: string | undefined): Promise<number> {
  if (text === undefined || text === '') return (await isPortFree(PORT_USUAL)) ? PORT_USUAL : freePort();
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`XEROTIER_PORT is '${text}': it must be a port from 1 to 65535.`);
  if (!(await isPortFree(port)))
    throw new Error(
      `Port ${port} (XEROTIER_PORT) is taken by another program. Choose another one, or leave XEROTIER_PORT out.`,
    );
  return port;
}
