/**
 * One service as a child process: started with its settings, watched until it is up, and stopped gracefully. Its output
 * goes to a log file. It has an IPC channel to this process and stops when that closes, so it does not outlive a killed
 * supervisor.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitReason, Lifecycle } from './lifecycle.ts';
import type { LastExit } from './lifecycle.ts';
import { compileCache, projectRoot } from './project-paths.ts';

export interface ServiceSpec {
  /** Unique within the stack: `xim-2`. */
  readonly name: string;
  /** Its folder below `apps/`. */
  readonly app: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Whether to restart it when it exits unexpectedly. */
  readonly restart: boolean;
  /** Timeout of its start. Default a minute; `Infinity` waits as long as it runs. */
  readonly startTimeoutMs?: number;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A small young generation of a fixed size, which stays in the CPU caches, and an old generation that is collected when
 * it has doubled instead of quadrupled, so that objects that accidentally outlive a request do not accumulate hundreds
 * of megabytes. No allocation in the old generation from the start (ADR 0033): it keeps whole requests alive. The image
 * starts services with the same flags (deploy/Dockerfile).
 */
export const NODE_FLAGS = [
  '--enable-source-maps',
  '--max-semi-space-size=8',
  '--min-semi-space-size=8',
  '--heap-growing-percent=100',
  '--no-allocation-site-pretenuring',
];

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 35_000;
const RESTART_WAIT_FIRST_MS = 500;
const RESTART_WAIT_MAX_MS = 15_000;
/** A service that ran for this long was healthy: its restart delay is reset. */
const HEALTHY_AFTER_MS = 60_000;

export class ServiceProcess {
  readonly spec: ServiceSpec;
  readonly #onChange: () => void;
  readonly #lifecycle: Lifecycle;
  #exited: Promise<ServiceExit> | undefined;
  #child: ChildProcess | undefined;
  #facts: Readonly<Record<string, string | number>> = {};
  #stopping = false;
  #restartWaitMs = RESTART_WAIT_FIRST_MS;

  /**
   * @param onChange called when the process id or an announced fact changes.
   * @param notify called with a message when it exits unexpectedly, and when it is restarted.
   */
  constructor(
    spec: ServiceSpec,
    onChange: () => void = () => undefined,
    notify: (message: string) => void = () => undefined,
  ) {
    this.spec = spec;
    this.#onChange = onChange;
    this.#lifecycle = new Lifecycle(spec.name, notify);
  }

  /** Number of restarts after unexpected exits. */
  get restarts(): number {
    return this.#lifecycle.restarts;
  }

  get lastExit(): LastExit | undefined {
    return this.#lifecycle.lastExit;
  }

  /** Resolves with the exit of the current process; rejects when none was started. */
  get exited(): Promise<ServiceExit> {
    return this.#exited ?? Promise.reject(new Error(`${this.spec.name} was not started`));
  }

  /** Null when it is not running. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Ports and ids that the service announced. */
  get facts(): Readonly<Record<string, string | number>> {
    return this.#facts;
  }

  get healthUrl(): string {
    return `http://127.0.0.1:${this.#facts['healthPort']}`;
  }

  /** Starts it and waits until it is up. Rejects with the end of its log when it fails. */
  async start(): Promise<void> {
    this.#stopping = false;
    const child = this.#spawn();
    const startedAt = performance.now();
    const { startTimeoutMs = START_TIMEOUT_MS } = this.spec;
    let timer: NodeJS.Timeout | undefined;
    const up = new Promise<void>((resolve, reject) => {
      child.on('message', (message) => {
        const { type, facts } = message as { type?: string; facts?: Record<string, string | number> };
        if (type !== 'started') return;
        this.#facts = facts ?? {};
        resolve();
      });
      child.once('exit', (code, signal) => reject(new Error(this.#failure(`exited with ${exitReason(code, signal)}`))));
      if (startTimeoutMs === Infinity) return;
      timer = setTimeout(
        () => reject(new Error(this.#failure(`is not up after ${startTimeoutMs / 1_000} s`))),
        startTimeoutMs,
      ).unref();
    }).finally(() => clearTimeout(timer));
    await up.catch((error: unknown) => {
      child.kill('SIGKILL');
      if (this.#child === child) this.#child = undefined;
      throw error;
    });
    this.#onChange();
    child.once('exit', (code, signal) => this.#ended(child, startedAt, exitReason(code, signal)));
  }

  /** Sends SIGTERM, then SIGKILL when it does not exit within its grace period. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Sends a signal; after SIGKILL, waits for the exit. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGKILL') await ended;
  }

  #spawn(): ChildProcess {
    mkdirSync(dirname(this.spec.logFile), { recursive: true });
    const log = openSync(this.spec.logFile, 'a', 0o600);
    const child = fork(join(projectRoot, 'apps', this.spec.app, 'dist', 'main.js'), [], {
      cwd: projectRoot,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        NODE_COMPILE_CACHE: compileCache,
        ...this.spec.env,
      },
      execArgv: NODE_FLAGS,
      stdio: ['ignore', log, log, 'ipc'],
      // Its own process group: Ctrl-C in the terminal reaches only the supervisor, which then stops everything in
      // order.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    return child;
  }

  #ended(child: ChildProcess, startedAt: number, reason: string): void {
    if (this.#child === child) this.#child = undefined;
    if (!this.#stopping) this.#lifecycle.ended(reason, this.spec.restart);
    this.#onChange();
    if (performance.now() - startedAt > HEALTHY_AFTER_MS) this.#restartWaitMs = RESTART_WAIT_FIRST_MS;
    this.#restartSoon();
  }

  #restartSoon(): void {
    if (this.#stopping || !this.spec.restart) return;
    const waitMs = this.#restartWaitMs;
    this.#restartWaitMs = Math.min(waitMs * 2, RESTART_WAIT_MAX_MS);
    setTimeout(() => void this.#restart(), waitMs);
  }

  async #restart(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.start();
      this.#lifecycle.restarted(this.pid);
    } catch (error) {
      if (this.#stopping) return;
      this.#lifecycle.restartFailed(error instanceof Error ? error.message : String(error));
      this.#restartSoon();
    }
    this.#onChange();
  }

  #failure(what: string): string {
    const lines = readFileSync(this.spec.logFile, 'utf8').trimEnd().split('\n').slice(-15);
    return `${this.spec.name} ${what}. The end of its log (${this.spec.logFile}):\n${lines.map((line) => `    ${line}`).join('\n')}`;
  }
}
