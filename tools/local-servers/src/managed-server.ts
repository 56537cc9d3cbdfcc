import { spawn, type ChildProcess } from 'node:child_process';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalServer, ServerPlan, StartOptions } from './local-server.ts';
import { endAtExit, endWithParent } from './parent-death.ts';
import { LOOPBACK, freePort, isPortFree } from './ports.ts';
import { startMark } from './process-identity.ts';
import { readRecord, stopStale, writeRecord } from './run-record.ts';
import { openLog, tailOf } from './server-log.ts';
import { STOP_SIGNALS } from './stop-signals.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 10_000;
const PORT_ATTEMPTS_MAX = 5;
const POLL_MS = 20;
const RETRY_MS = 200;
const PORT_TAKEN = /address already in use|could not create any TCP\/IP sockets/i;

/** A failed start, with the server's output. */
class StartError extends Error {
  readonly #logTail: readonly string[];

  constructor(name: string, reason: string, logPath: string, logTail: readonly string[]) {
    const shown = logTail.length > 0 ? logTail.map((line) => `  ${line}`).join('\n') : '  (no output)';
    super(`${name} did not start: ${reason}. The last lines of ${logPath}:\n${shown}`);
    this.name = 'StartError';
    this.#logTail = logTail;
  }

  logMatches(pattern: RegExp): boolean {
    return this.#logTail.some((line) => pattern.test(line));
  }
}

/** Starts a server and resolves when it accepts requests. A leftover of an earlier, killed run is stopped first. */
export async function startServer(plan: ServerPlan, options: StartOptions): Promise<LocalServer> {
  await stopStale(options.dataDir, options.stopGraceMs ?? STOP_GRACE_MS);
  const server = new ManagedServer(plan, options);
  await server.startOnSomePort();
  return server;
}

class ManagedServer implements LocalServer {
  readonly host = LOOPBACK;
  readonly #plan: ServerPlan;
  readonly #options: StartOptions;
  readonly #stopSignal: NodeJS.Signals;
  #port = 0;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  /** False only while it is up and no stop was requested. */
  #isExitExpected = true;

  constructor(plan: ServerPlan, options: StartOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#stopSignal = STOP_SIGNALS[options.binary.kind];
  }

  get name(): string {
    return this.#plan.name;
  }

  get url(): string {
    return this.#plan.url(this.#port);
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  get logPath(): string {
    return join(this.dataDir, `${this.name}.log`);
  }

  async startOnSomePort(): Promise<void> {
    const wanted = this.#options.port ?? (await readRecord(this.dataDir))?.port;
    let port = wanted !== undefined && (await isPortFree(wanted)) ? wanted : await freePort();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#start(port);
      } catch (error) {
        // Another process bound the port since the check.
        const isTaken = error instanceof StartError && error.logMatches(PORT_TAKEN);
        if (!isTaken || attempt === PORT_ATTEMPTS_MAX) throw error;
        port = await freePort();
      }
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#isExitExpected = true;
    child.kill(this.#stopSignal);
    // A process that was suspended by SIGSTOP handles no signals until SIGCONT.
    child.kill('SIGCONT');
    const killTimer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopGraceMs ?? STOP_GRACE_MS);
    await this.#exited;
    clearTimeout(killTimer);
    await this.#record(null);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (!this.#child) return;
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.#isExitExpected = true;
    this.#child.kill(signal);
    if (signal === 'SIGKILL') await this.#exited;
  }

  async restart(): Promise<void> {
    await this.stop();
    const deadline = Date.now() + this.#startTimeoutMs;
    while (!(await isPortFree(this.#port))) {
      if (Date.now() > deadline) throw new Error(`${this.name} cannot restart: port ${this.#port} is in use`);
      await delay(POLL_MS);
    }
    await this.#start(this.#port);
  }

  get #startTimeoutMs(): number {
    return this.#options.startTimeoutMs ?? START_TIMEOUT_MS;
  }

  async #start(port: number): Promise<void> {
    const deadline = Date.now() + this.#startTimeoutMs;
    for (;;) {
      try {
        return await this.#startOnce(port, deadline);
      } catch (error) {
        const { startsLater } = this.#plan;
        const canWait = startsLater !== undefined && error instanceof StartError && error.logMatches(startsLater);
        if (!canWait || Date.now() > deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  async #startOnce(port: number, deadline: number): Promise<void> {
    const { child, logStartsAt } = await this.#spawn(port);
    const pid = child.pid ?? 0;
    try {
      while (this.#child === child) {
        if (await this.#plan.isReady(port, pid)) {
          this.#isExitExpected = false;
          return;
        }
        if (Date.now() > deadline) throw await this.#startError('it did not respond in time', logStartsAt);
        await delay(POLL_MS);
      }
      throw await this.#startError('it exited', logStartsAt);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #spawn(port: number): Promise<{ child: ChildProcess; logStartsAt: number }> {
    const launch = await this.#plan.prepare(port);
    const shouldEndWithParent = this.#options.endWithParent ?? true;
    const { command, args } = shouldEndWithParent ? await endWithParent(launch, this.#stopSignal) : launch;
    const { file, startsAt } = await openLog(this.logPath);
    this.#port = port;
    const child = spawn(command, args, {
      cwd: this.#plan.cwd,
      env: { ...serverEnv(), ...launch.env },
      uid: launch.uid,
      gid: launch.gid,
      detached: this.#options.detached ?? true,
      stdio: ['ignore', file.fd, file.fd],
    });
    const removeExitHandler = shouldEndWithParent ? endAtExit(child, this.#stopSignal) : () => {};
    const exited = Promise.withResolvers<void>();
    const onEnd = (code: number | null, signal: NodeJS.Signals | null): void => {
      removeExitHandler();
      this.#child = null;
      this.#plan.onExit?.();
      exited.resolve();
      if (!this.#isExitExpected) void this.#reportExit(code, signal, startsAt);
    };
    this.#child = child;
    this.#exited = exited.promise;
    child.once('exit', onEnd);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        onEnd(null, null);
        reject(new Error(`${this.name} cannot be started (${command}): ${error.message}`, { cause: error }));
      });
    }).finally(() => file.close());
    await this.#record(child.pid ?? null);
    return { child, logStartsAt: startsAt };
  }

  async #reportExit(code: number | null, signal: NodeJS.Signals | null, logStartsAt: number): Promise<void> {
    const logTail = await tailOf(this.logPath, logStartsAt).catch(() => []);
    this.#options.onUnexpectedExit?.({ code, signal, logTail });
  }

  async #startError(reason: string, logStartsAt: number): Promise<StartError> {
    return new StartError(this.name, reason, this.logPath, await tailOf(this.logPath, logStartsAt));
  }

  async #record(pid: number | null): Promise<void> {
    const { binary, dataDir } = this.#options;
    await writeRecord(dataDir, {
      kind: binary.kind,
      port: this.#port,
      pid,
      program: basename(binary.command),
      cwd: this.#plan.cwd,
      supervisor: { pid: process.pid, startMark: await startMark(process.pid) },
    });
  }
}

/** Nothing of the caller's environment but PATH: variables such as PGPORT and PGDATA would affect the server. */
function serverEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', LANG: 'C', TZ: 'UTC' };
}
