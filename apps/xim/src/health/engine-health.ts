/**
 * Whether the engine can take work. A server that is away fails every request at once, and so always looks free: a worker
 * whose engine fails must say so and take nothing, or it draws the requests of the whole fleet.
 *
 *     starting ──> available <──> suspect ──> unavailable ──> available
 *        │                           ^             ^
 *        │  failures, or no progress ┘             │
 *        └────────── the server cannot be reached ─┘
 *
 * What requests report raises suspicion; probes decide. A request that makes every engine fail thus takes no worker out, and
 * an engine that answers probes but fails some requests stays in, with its failure rate in the heartbeat.
 */
import type { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { FailureWindow } from './failure-window.ts';

export type EngineState = 'starting' | 'available' | 'suspect' | 'unavailable';

export interface HealthTimes {
  /** Pause before the first probe of an engine that is unavailable; each further one is twice as long. Default 500. */
  readonly probePauseMs: number;
  /** Default 15,000. */
  readonly probePauseMaxMs: number;
  /** For one probe. Default 15,000. */
  readonly probeTimeoutMs: number;
  /** Between two rounds of probes that suspicion starts. Default 1,000. */
  readonly suspicionPauseMs: number;
  /** Work is under way and nothing has come of any of it for so long: reason to suspect the engine. Default 30,000; Infinity: never. */
  readonly stallMs: number;
  /** An engine that stalls, and fails every probe, for so long has hung: what waits for its first data is given up. Default 120,000. */
  readonly hangMs: number;
  /** How often an idle engine's server is asked whether it is there. Default 10,000. */
  readonly checkIntervalMs: number;
  /** How often the log repeats that the engine is not there. Default 5,000. */
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

/** What there is to ask of an engine. Both reject with the reason, as an error whose message is fit for a log. */
export interface EngineProbes {
  /** Whether what computes can be reached; cheap. Rejects with an {@link EngineMisconfiguredError} when trying again cannot help. */
  check(signal: AbortSignal): Promise<void>;
  /** Whether it computes: the smallest work of its kind. */
  probe(signal: AbortSignal): Promise<void>;
}

export interface HealthListener {
  /** The state or the reason is another one. */
  changed(): void;
  /** Nothing will come of work that has no data yet. */
  hung(): void;
}

/** What work is told of the engine's health, and tells it. */
export type ReportedHealth = Pick<
  EngineHealth,
  'available' | 'reason' | 'failureRate' | 'begin' | 'progressed' | 'succeeded' | 'failed'
>;

/** Gives the reason why the engine did not pass, or undefined when it did. */
type Attempt = () => Promise<unknown>;

/** Probes in a row that must pass, since an engine may fail only part of what it gets. */
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
  #working = 0;
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

  /** Whether the worker takes work. */
  get available(): boolean {
    return this.#state === 'available' || this.#state === 'suspect';
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Why it is not available. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get failureRate(): number {
    return this.#window.failureRate(performance.now());
  }

  /**
   * Looks after the engine until {@link stop}. Resolves when the engine is there for the first time, however long that takes.
   * @throws {EngineMisconfiguredError} when it will never be there.
   */
  async start(listener: HealthListener): Promise<void> {
    this.#listener = listener;
    await this.#recover(() => this.#checkOnce());
    if (this.#stopping.signal.aborted) return;
    const interval = Math.min(WATCH_INTERVAL_MS, this.#times.checkIntervalMs, this.#times.stallMs);
    this.#watch = setInterval(() => this.#look(performance.now()), interval);
  }

  stop(): void {
    clearInterval(this.#watch);
    this.#stopping.abort();
  }

  /** Work begins; call what it returns when that is over. */
  begin(): () => void {
    if (this.#working === 0) this.#progressAt = performance.now();
    this.#working += 1;
    return () => (this.#working -= 1);
  }

  /** Some of the work has brought data. */
  progressed(): void {
    this.#progressAt = performance.now();
  }

  succeeded(): void {
    this.progressed();
    this.#window.succeeded(performance.now());
  }

  /** Work failed because of the engine. */
  failed(error: AppError): void {
    const now = performance.now();
    if (error.code === 'worker.busy') this.#window.rejected();
    else this.#window.failed(now);
    if (!this.available) return;
    // What a server says about a request may repeat the prompt; what cannot be reached says nothing.
    if (error.code === 'inference.engine_unavailable') this.#beUnavailable(reasonOf(error));
    else if (this.#window.suspicious(now)) this.#suspect('requests fail', now, () => this.#probeAll());
  }

  /** What only time changes. */
  #look(now: number): void {
    const stalledMs = this.#working > 0 ? now - this.#progressAt : 0;
    // Work for a server that is full would wait, so it is only asked whether it is there.
    if (stalledMs > this.#times.stallMs) this.#suspect('nothing comes of it', now, () => this.#checkOnce());
    if (stalledMs > this.#times.hangMs && this.#state === 'unavailable') {
      this.#progressAt = now;
      this.#listener.hung();
    }
    if (this.#working === 0 && now - this.#checkedAt > this.#times.checkIntervalMs) void this.#checkIdle(now);
  }

  async #checkIdle(now: number): Promise<void> {
    this.#checkedAt = now;
    if (this.#state !== 'available' || this.#checking) return;
    this.#checking = true;
    const failure = await this.#checkOnce();
    this.#checking = false;
    if (failure !== undefined && this.available && !this.#stopping.signal.aborted)
      this.#beUnavailable(reasonOf(failure));
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
    if (failure !== undefined) return this.#beUnavailable(reasonOf(failure), attempt);
    // The failure rate stays: probes are not the requests that failed.
    this.#state = 'available';
    this.#progressAt = this.#confirmedAt;
  }

  /** @param attempt by what it comes back. */
  #beUnavailable(reason: string, attempt: Attempt = () => this.#probeAll()): void {
    this.#state = 'unavailable';
    this.#setReason(reason);
    this.#log.error('engine unavailable', { reason: this.#reason });
    void this.#recover(attempt);
  }

  /** Attempts until one passes; when the engine starts, the first one at once. */
  async #recover(attempt: Attempt): Promise<void> {
    const since = performance.now();
    let pauseMs = this.#times.probePauseMs;
    let remindedAt = since;
    for (let isFirst = this.#state === 'starting'; !this.#stopping.signal.aborted; isFirst = false) {
      if (!isFirst) await this.#pause(pauseMs);
      const failure = await attempt();
      if (this.#stopping.signal.aborted) return;
      if (failure === undefined) return this.#beAvailable(performance.now() - since);
      // A worker that has served before is not wrong: its server may have been given another key, and get the old one back.
      if (failure instanceof EngineMisconfiguredError && this.#state === 'starting') throw failure;
      const now = performance.now();
      this.#setReason(reasonOf(failure));
      if (isFirst || now - remindedAt >= this.#times.reminderMs) {
        this.#log.warn('waiting for the engine', { reason: this.#reason, waitedMs: Math.round(now - since) });
        remindedAt = now;
      }
      if (!isFirst) pauseMs = Math.min(pauseMs * 2, this.#times.probePauseMaxMs);
    }
  }

  #beAvailable(awayMs: number): void {
    const wasStarting = this.#state === 'starting';
    this.#state = 'available';
    this.#reason = undefined;
    this.#window.clear();
    this.#progressAt = performance.now();
    this.#checkedAt = performance.now();
    if (!wasStarting) this.#log.info('engine available again', { awayMs: Math.round(awayMs) });
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

  /** What the server says of itself may have changed while it was away, so it is read first. */
  async #probeAll(): Promise<unknown> {
    const absence = await this.#checkOnce();
    if (absence !== undefined) return absence;
    for (let i = 0; i < PROBES; i += 1) {
      const failure = await this.#attempt((signal) => this.#probes.probe(signal));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** The reason why it did not pass, or undefined. */
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
    // Workers of one server must not probe it in step.
    await sleep(ms * (0.75 + Math.random() / 2), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/** For probes that do not hear their signal. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(new Error('the engine did not respond in time'));
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}

/** For operators; the cause says what really happened, and never names a prompt since a probe has none. */
function reasonOf(failure: unknown): string {
  if (typeof failure === 'string') return failure;
  const { message, cause } = failure as { message?: unknown; cause?: unknown };
  const text = cause instanceof Error ? cause.message : String(message ?? failure);
  return text.slice(0, REASON_LENGTH_MAX);
}
