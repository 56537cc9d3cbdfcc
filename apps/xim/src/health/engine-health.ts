/**
 * Tracks whether the engine can take work. An unreachable server fails every request at once and therefore always looks idle: a
 * worker whose engine fails must report that and take no work, or it attracts the requests of the whole fleet.
 *
 *     starting ──> available <──> suspect ──> unavailable ──> available
 *        │                           ^             ^
 *        │  failures, or no progress ┘             │
 *        └────────── the server cannot be reached ─┘
 *
 * Failed requests raise suspicion; probes decide. So a request that makes every engine fail takes no worker out of service, and
 * an engine that passes the probes but fails some requests stays available, with its failure rate in the heartbeat.
 */
import type { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { FailureWindow } from './failure-window.ts';

export type EngineState = 'starting' | 'available' | 'suspect' | 'unavailable';

export interface HealthTimes {
  /** Delay before the first probe of an unavailable engine; doubled for each further one. Default 500. */
  readonly probePauseMs: number;
  /** Maximum delay between two probes. Default 15,000. */
  readonly probePauseMaxMs: number;
  /** Timeout of one probe. Default 15,000. */
  readonly probeTimeoutMs: number;
  /** Minimum time between two rounds of probes of a suspect engine. Default 1,000. */
  readonly suspicionPauseMs: number;
  /** Time without progress of any running work after which the engine is suspect. Default 30,000; Infinity: never. */
  readonly stallMs: number;
  /** Time without progress, and with failing probes, after which the engine counts as hung. Default 120,000. */
  readonly hangMs: number;
  /** Interval of the checks of an idle engine's server. Default 10,000. */
  readonly checkIntervalMs: number;
  /** Minimum time between two log entries about an unavailable engine. Default 5,000. */
  readonly reminderMs: number;
}

export const healthTimesDefaults: HealthTimes = {
  probePauseMs: 500,
  probePauseMaxMs: 15_000,
  probeTimeoutMs: 15_000,
  suspicionPauseMs: 1_000,
  stallMs: 30_000,
  hangMs: 120_000,
  checkIntervalMs: 10_000,
  reminderMs: 5_000,
};

/** Both reject with an error whose message may be logged. */
export interface EngineProbes {
  /** Checks that the engine is reachable; cheap. Rejects with an {@link EngineMisconfiguredError} when a retry cannot help. */
  check(signal: AbortSignal): Promise<void>;
  /** Checks that the engine computes, with the smallest work that it supports. */
  probe(signal: AbortSignal): Promise<void>;
}

export interface HealthListener {
  /** The availability or its reason changed. */
  changed(): void;
  /** The engine hung: work that has no data yet will not get any. */
  hung(): void;
  /** Running work produced data. */
  progressed?(): void;
}

/** The part of the health that generations read and report to. */
export type ReportedHealth = Pick<
  EngineHealth,
  'available' | 'reason' | 'failureRate' | 'begin' | 'progressed' | 'succeeded' | 'failed'
>;

/** Resolves to the failure, or to undefined when the engine passed. */
type Attempt = () => Promise<unknown>;

/** Consecutive probes that must pass, since an engine may fail only some of its work. */
const PROBES = 3;
const REASON_LENGTH_MAX = 500;
const WATCH_INTERVAL_MS = 1_000;

export class EngineHealth {
  readonly #probes: EngineProbes;
  readonly #times: HealthTimes;
  readonly #log: Logger;
  readonly #window = new FailureWindow();
  readonly #stopping = new AbortController();
  #listener: HealthListener = { changed: () => undefined, hung: () => undefined };
  #state: EngineState = 'starting';
  #reason: string | undefined = 'starting';
  #running = 0;
  #progressAt = performance.now();
  #confirmedAt = -Infinity;
  #checkedAt = performance.now();
  #checking = false;
  #watch: NodeJS.Timeout | undefined;

  constructor(probes: EngineProbes, log: Logger, times: Partial<HealthTimes> = {}) {
    this.#probes = probes;
    this.#log = log;
    this.#times = { ...healthTimesDefaults, ...times };
  }

  /** Whether the worker may take work. */
  get available(): boolean {
    return this.#state === 'available' || this.#state === 'suspect';
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Why the engine is not available; undefined when it is. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get failureRate(): number {
    return this.#window.failureRate(performance.now());
  }

  /**
   * Monitors the engine until {@link stop}. Resolves once the engine is available for the first time, without a timeout.
   * @throws {EngineMisconfiguredError} when it can never become available.
   */
  async start(listener: HealthListener): Promise<void> {
    this.#listener = listener;
    await this.#recover(() => this.#checkOnce());
    if (this.#stopping.signal.aborted) return;
    const interval = Math.min(WATCH_INTERVAL_MS, this.#times.checkIntervalMs, this.#times.stallMs);
    this.#watch = setInterval(() => this.#tick(performance.now()), interval);
  }

  stop(): void {
    clearInterval(this.#watch);
    this.#stopping.abort();
  }

  /** Marks the begin of work. Returns a function that marks its end. */
  begin(): () => void {
    if (this.#running === 0) this.#progressAt = performance.now();
    this.#running += 1;
    return () => (this.#running -= 1);
  }

  /** Some of the running work produced data. */
  progressed(): void {
    this.#progressAt = performance.now();
    this.#listener.progressed?.();
  }

  succeeded(): void {
    this.progressed();
    this.#window.succeeded(performance.now());
  }

  /** Work failed, and the engine was the cause. */
  failed(error: AppError): void {
    const now = performance.now();
    if (error.code === 'worker.busy') this.#window.rejected();
    else this.#window.failed(now);
    if (!this.available) return;
    // The error of a server may repeat the prompt and is not used as the reason; that of a failed connection cannot.
    if (error.code === 'inference.engine_unavailable') this.#markUnavailable(reasonOf(error));
    else if (this.#window.suspicious(now)) this.#suspect('failing requests', now, () => this.#probeAll());
  }

  /** The engine is known to be gone: no probe is needed to find out. */
  lost(reason: string): void {
    if (this.available) this.#markUnavailable(reason);
  }

  /** Handles the transitions that depend on time alone. */
  #tick(now: number): void {
    const stalledMs = this.#running > 0 ? now - this.#progressAt : 0;
    // A probe would queue on a server that is full, so this only checks that the server is reachable.
    if (stalledMs > this.#times.stallMs) this.#suspect('no progress', now, () => this.#checkOnce());
    if (stalledMs > this.#times.hangMs && this.#state === 'unavailable') {
      this.#progressAt = now;
      this.#listener.hung();
    }
    if (this.#running === 0 && now - this.#checkedAt > this.#times.checkIntervalMs) void this.#checkIdle(now);
  }

  async #checkIdle(now: number): Promise<void> {
    this.#checkedAt = now;
    if (this.#state !== 'available' || this.#checking) return;
    this.#checking = true;
    const failure = await this.#checkOnce();
    this.#checking = false;
    if (failure !== undefined && this.available && !this.#stopping.signal.aborted)
      this.#markUnavailable(reasonOf(failure));
  }

  #suspect(reason: string, now: number, attempt: Attempt): void {
    if (this.#state !== 'available' || now - this.#confirmedAt < this.#times.suspicionPauseMs) return;
    this.#state = 'suspect';
    this.#log.debug('engine suspected', { reason });
    void this.#confirm(attempt);
  }

  async #confirm(attempt: Attempt): Promise<void> {
    const failure = await attempt();
    this.#confirmedAt = performance.now();
    if (this.#state !== 'suspect') return;
    if (failure !== undefined) return this.#markUnavailable(reasonOf(failure), attempt);
    // The failure rate stays, since probes are not the requests that failed.
    this.#state = 'available';
    this.#progressAt = this.#confirmedAt;
  }

  /** @param attempt decides when the engine is available again. */
  #markUnavailable(reason: string, attempt: Attempt = () => this.#probeAll()): void {
    this.#state = 'unavailable';
    this.#setReason(reason);
    this.#log.error('engine unavailable', { reason: this.#reason });
    void this.#recover(attempt);
  }

  /** Repeats the attempt until it passes; the first one runs without delay when the engine starts. */
  async #recover(attempt: Attempt): Promise<void> {
    const since = performance.now();
    let pauseMs = this.#times.probePauseMs;
    let remindedAt = since;
    for (let isFirst = this.#state === 'starting'; !this.#stopping.signal.aborted; isFirst = false) {
      if (!isFirst) await this.#pause(pauseMs);
      const failure = await attempt();
      if (this.#stopping.signal.aborted) return;
      if (failure === undefined) return this.#markAvailable(performance.now() - since);
      // A worker that has served before is configured correctly: the key of its server may have been rotated by mistake.
      if (failure instanceof EngineMisconfiguredError && this.#state === 'starting') throw failure;
      const now = performance.now();
      this.#setReason(reasonOf(failure));
      if (isFirst || now - remindedAt >= this.#times.reminderMs) {
        this.#log.warn('waiting for engine', { reason: this.#reason, waitedMs: Math.round(now - since) });
        remindedAt = now;
      }
      if (!isFirst) pauseMs = Math.min(pauseMs * 2, this.#times.probePauseMaxMs);
    }
  }

  #markAvailable(downtimeMs: number): void {
    const wasStarting = this.#state === 'starting';
    this.#state = 'available';
    this.#reason = undefined;
    this.#window.clear();
    this.#progressAt = performance.now();
    this.#checkedAt = performance.now();
    if (!wasStarting) this.#log.info('engine available again', { downtimeMs: Math.round(downtimeMs) });
    this.#listener.changed();
  }

  #setReason(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#listener.changed();
  }

  #checkOnce(): Promise<unknown> {
    return this.#attempt((signal) => this.#probes.check(signal));
  }

  /** Checks the server first, since what it reports about its model may have changed during the downtime. */
  async #probeAll(): Promise<unknown> {
    const unreachable = await this.#checkOnce();
    if (unreachable !== undefined) return unreachable;
    for (let i = 0; i < PROBES; i += 1) {
      const failure = await this.#attempt((signal) => this.#probes.probe(signal));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** Resolves to the error of the probe, or to undefined when it passed. */
  async #attempt(probe: (signal: AbortSignal) => Promise<void>): Promise<unknown> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#times.probeTimeoutMs)]);
    try {
      await Promise.race([probe(signal), rejectionOf(signal)]);
      return undefined;
    } catch (error) {
      return error ?? new Error('unknown');
    }
  }

  async #pause(ms: number): Promise<void> {
    // Jitter: workers that share a server must not probe it in lockstep.
    await sleep(ms * (0.75 + Math.random() / 2), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/** For probes that ignore their signal. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(new Error('health probe timed out'));
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}

/** For operators. The cause has the actual failure, and no prompt since a probe has none. */
function reasonOf(failure: unknown): string {
  if (typeof failure === 'string') return failure;
  const { message, cause } = failure as { message?: unknown; cause?: unknown };
  const text = cause instanceof Error ? cause.message : String(message ?? failure);
  return text.slice(0, REASON_LENGTH_MAX);
}
