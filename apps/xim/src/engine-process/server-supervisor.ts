/**
 * Keeps one server running.
 *
 *     starting ──> ready <──> unhealthy
 *        ^ │         │            │
 *        │ └── exit, start-up timeout, hang ──> stopping ──> restarting
 *        └──────────────────────────────────────────────────────┘
 *
 * A server that hangs is stopped as one that crashed is cleaned up: SIGTERM, and SIGKILL for its whole process group.
 */
import type { Logger } from '@xerotier/log';
import { setTimeout as sleep } from 'node:timers/promises';
import { Liveness } from './liveness.ts';
import type { Recipe } from './recipe.ts';
import { RestartPolicy, restartTimesDefaults } from './restart-policy.ts';
import type { RestartTimes } from './restart-policy.ts';
import type { ServerObserver } from './server-client.ts';
import { ServerLog } from './server-log.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerExit, ServerStart } from './server-process.ts';
import type { ServerLoad } from './server-load.ts';

export type ServerState = 'starting' | 'ready' | 'unhealthy' | 'stopping' | 'restarting' | 'stopped';

export interface SupervisorTimes extends RestartTimes {
  readonly startTimeoutMs: number;
  /** Time without a sign of life after which a server is restarted. */
  readonly hangMs: number;
  /** Between two observations. Default 1,000. */
  readonly observeMs: number;
  /** Between SIGTERM and SIGKILL. Default 3,000, within what a worker has left when its grace period ends. */
  readonly stopGraceMs: number;
  /** Between two log entries about a server that is starting. Default 15,000. */
  readonly reminderMs: number;
}

export interface SupervisedServer extends ServerStart {
  readonly recipe: Pick<Recipe, 'memoryIsShort'>;
  /** Values that must not appear in logs. */
  readonly secrets: readonly string[];
  readonly failuresMax: number;
}

export interface SupervisorListener {
  /** The server cannot be used any more, for this reason. */
  lost(reason: string): void;
  /** It has failed too often, and was never ready. It is not started again. */
  gaveUp(reason: string): void;
  /** It has reported its load. */
  reported(load: ServerLoad): void;
}

export type SupervisorOptions = Partial<SupervisorTimes> & Pick<SupervisorTimes, 'startTimeoutMs' | 'hangMs'>;

/** Lines of the log of the server that a failure is logged with. */
const LINES = 20;
const REASON_LENGTH_MAX = 400;
const PROBE_TIMEOUT_MAX_MS = 15_000;

export class ServerSupervisor {
  readonly #server: SupervisedServer;
  readonly #observer: ServerObserver;
  readonly #listener: SupervisorListener;
  readonly #log: Logger;
  readonly #times: SupervisorTimes;
  readonly #restarts: RestartPolicy;
  readonly #stopping = new AbortController();
  #state: ServerState = 'starting';
  #reason: string | undefined = 'the server is starting';
  #hasBeenReady = false;
  #starts = 0;
  #process: ServerProcess | undefined;
  #liveness: Liveness | undefined;
  #load: ServerLoad | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(
    server: SupervisedServer,
    observer: ServerObserver,
    listener: SupervisorListener,
    log: Logger,
    times: SupervisorOptions,
  ) {
    this.#server = server;
    this.#observer = observer;
    this.#listener = listener;
    this.#log = log;
    this.#times = { ...restartTimesDefaults, observeMs: 1_000, stopGraceMs: 3_000, reminderMs: 15_000, ...times };
    this.#restarts = new RestartPolicy(server.failuresMax, this.#times);
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Why the server cannot be used; undefined when it can. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How often the server was started again. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** Of the running server; undefined when it is not ready. */
  get load(): ServerLoad | undefined {
    return this.#load;
  }

  /** Undefined when the server is not running. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    this.#ended = this.#keepRunning();
  }

  /** Work of the server produced data. */
  progressed(): void {
    this.#liveness?.progressed(performance.now());
  }

  /** Stops the server for good. Resolves when its process group is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#reason = 'the server is stopped';
    await this.#process?.stop(this.#times.stopGraceMs);
    await this.#ended;
    this.#state = 'stopped';
    await this.#observer.close();
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const { failure, readyForMs, lines } = await this.#runOnce();
      if (this.#stopping.signal.aborted) return;
      this.#restarts.failed(readyForMs);
      const { failures, isCrashLoop } = this.#restarts;
      this.#log.error(isCrashLoop ? 'server in a crash loop' : 'server failed', { failure, failures, lines });
      this.#state = 'restarting';
      this.#reason = `${failure}${isCrashLoop ? ` (${failures} failures in a row)` : ''}`;
      this.#listener.lost(this.#reason);
      if (isCrashLoop && !this.#hasBeenReady) return this.#listener.gaveUp(this.#reason);
      await this.#restarts.pause(this.#stopping.signal);
    }
  }

  /** Starts the server and observes it until it has exited. Resolves to why it failed. */
  async #runOnce(): Promise<{ failure: string; readyForMs: number; lines: string[] }> {
    const log = new ServerLog(this.#server.secrets, (line) => this.#log.debug('server output', { line }));
    this.#state = 'starting';
    this.#starts += 1;
    const child = new ServerProcess(this.#server, log);
    this.#process = child;
    this.#log.info('server started', { program: this.#server.program, pid: child.pid, starts: this.#starts });
    let exit: ServerExit | undefined;
    const exited = child.exited.then((how) => (exit = how));
    const startedAt = performance.now();
    const readyAt = await this.#untilReady(log, startedAt, exited);
    let failure: string | undefined;
    if (readyAt !== undefined) failure = await this.#untilUnusable(exited);
    else if (exit === undefined) failure = `the server was not ready after ${this.#times.startTimeoutMs / 1_000} s`;
    const readyForMs = readyAt === undefined ? 0 : performance.now() - readyAt;
    this.#liveness = undefined;
    this.#load = undefined;
    if (exit === undefined && !this.#stopping.signal.aborted) {
      this.#state = 'stopping';
      this.#reason = failure;
      this.#listener.lost(failure ?? 'the server is stopped');
      this.#log.warn('stopping the server', { failure });
      await child.stop(this.#times.stopGraceMs);
    }
    const how = await exited;
    this.#process = undefined;
    const why = failure ?? this.#failureOf(how, log);
    return { failure: why.slice(0, REASON_LENGTH_MAX), readyForMs, lines: log.last(LINES) };
  }

  /** Resolves to the time when the server was ready; to undefined when it has exited, or did not become ready in time. */
  async #untilReady(log: ServerLog, startedAt: number, exited: Promise<unknown>): Promise<number | undefined> {
    let remindedAt = startedAt;
    for (;;) {
      if (await this.#pause(exited)) return undefined;
      const isHealthy = await this.#isHealthy();
      const now = performance.now();
      if (isHealthy) {
        this.#liveness = new Liveness(this.#times.hangMs, now);
        this.#becomeReady(now - startedAt);
        return now;
      }
      if (now - startedAt > this.#times.startTimeoutMs) return undefined;
      const [line = 'no output yet'] = log.last(1);
      this.#reason = `the server is starting: ${line}`.slice(0, REASON_LENGTH_MAX);
      if (now - remindedAt < this.#times.reminderMs) continue;
      remindedAt = now;
      this.#log.info('server is starting', { waitedMs: Math.round(now - startedAt), line });
    }
  }

  #becomeReady(startMs: number): void {
    this.#state = 'ready';
    this.#reason = undefined;
    this.#hasBeenReady = true;
    this.#log.info('server ready', { startMs: Math.round(startMs) });
  }

  /** Resolves to the failure, or to undefined when the server has exited by itself. */
  async #untilUnusable(exited: Promise<unknown>): Promise<string | undefined> {
    const liveness = this.#liveness as Liveness;
    for (;;) {
      if (await this.#pause(exited)) return undefined;
      if (await this.#isHealthy()) liveness.responded(performance.now());
      await this.#readLoad(liveness);
      const verdict = liveness.verdict(performance.now());
      if (verdict === 'hung') return `the server hung: no progress for ${this.#times.hangMs / 1_000} s`;
      this.#setHealthy(verdict === 'works');
    }
  }

  #setHealthy(isHealthy: boolean): void {
    if (isHealthy === (this.#state === 'ready')) return;
    this.#state = isHealthy ? 'ready' : 'unhealthy';
    this.#reason = isHealthy ? undefined : 'the server does not respond, or makes no progress';
    this.#log.warn(isHealthy ? 'server works again' : 'server unhealthy', {});
    if (!isHealthy) this.#listener.lost(this.#reason as string);
  }

  async #isHealthy(): Promise<boolean> {
    return this.#observer.checkHealth(this.#probeSignal()).then(
      () => true,
      () => false,
    );
  }

  async #readLoad(liveness: Liveness): Promise<void> {
    const load = await this.#observer.readLoad(this.#probeSignal()).catch(() => undefined);
    this.#load = load;
    if (load === undefined) return;
    liveness.reported(load, performance.now());
    this.#listener.reported(load);
  }

  #probeSignal(): AbortSignal {
    const timeoutMs = Math.min(PROBE_TIMEOUT_MAX_MS, Math.ceil(this.#times.hangMs / 8));
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]);
  }

  /** Returns true when the server has exited or is to be stopped. */
  async #pause(exited: Promise<unknown>): Promise<boolean> {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.#stopping.signal]);
    const over = await Promise.race([
      exited.then(() => true),
      sleep(this.#times.observeMs, false, { signal }).catch(() => true),
    ]);
    timer.abort();
    return over;
  }

  #failureOf({ code, signal, error }: ServerExit, log: ServerLog): string {
    if (error !== undefined) return `the server could not be started: ${error.message}`;
    const memory = log.find(this.#server.recipe.memoryIsShort);
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    if (memory !== undefined) return `the server ${how}, memory is short: ${memory}`;
    if (signal === 'SIGKILL') return `the server ${how}; the kernel does that when memory is short`;
    if (code === 127) return `the server ${how}: ${this.#server.program} was not found`;
    // What it has printed about its start has no content of requests.
    const [line] = this.#hasBeenReady ? [] : log.last(1);
    return `the server ${how}${line === undefined ? '' : `: ${line}`}`;
  }
}
