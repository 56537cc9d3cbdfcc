/**
 * One generation, from the request for a slot to the last frame; the vectors or scores of one request are one generation too.
 * Until the first data frame, a retryable failure is retried on another worker, transparently to the caller. After it, every
 * failure ends the generation, since data that the client has read cannot be retracted. Work whose data is not read before its
 * end is retried even then (`repeatable`).
 *
 *     placing ──> opening ──> streaming ──> ended
 *        ^           │            │
 *        └── retry ──┘            └──> ended (error)
 *
 * Two kinds of failure are retried. A worker that rejected the work (busy, draining, engine unavailable) has computed nothing:
 * other workers are tried until the queue timeout. An attempt that failed may have been expensive: the number of these is
 * limited, and they count against the retry budget of the process.
 */
import { placementContextOf, usageOfError } from '@xerotier/contracts/inference';
import { EXCLUDED_WORKERS_MAX } from '@xerotier/contracts/router';
import { modelContract, workerContract } from '@xerotier/contracts/xim';
import type { ErrorCode } from '@xerotier/contracts/errors';
import type { RequestContext } from '@xerotier/contracts/inference';
import type { GenerationEnd, GenerationHead, generationInput } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { withLogContext } from '@xerotier/log';
import type { LogContext } from '@xerotier/log';
import type { Bus, CallOptions, OpenStream, StreamControl } from '@xerotier/nats';
import type { z } from 'zod';
import { spansEnabled } from '@xerotier/telemetry';
import { affinityKeyOf } from './affinity-key.ts';
import { AttemptSpan } from './attempt-span.ts';
import { metrics } from './metrics.ts';
import type { ResponseSink } from './response-sink.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { LeaseOutcome, Slot, Slots } from './slots.ts';
import type { Work } from './work.ts';

export interface GenerationJob {
  readonly context: RequestContext;
  readonly work: Work;
  /** Index of the choice; identifies the generation within its request. */
  readonly index: number;
  /** When the response must be complete, in `performance.now()` milliseconds. */
  readonly deadlineAt: number;
  /** Maximum time to wait for a slot. */
  readonly queueTimeoutMs: number;
  /** Called for each worker that the router places it on. */
  readonly onPlaced: ((workerId: string) => void) | undefined;
  /** Of the request. Frames arrive in a context of their own. */
  readonly logContext: LogContext;
}

export interface GenerationPlatform {
  readonly bus: Bus;
  readonly slots: Slots;
  readonly retryBudget: RetryBudget;
}

/**
 * Maximum number of attempts of one generation, not counting rejections, nor workers that were gone already when they were
 * placed on: they have received nothing that could have ended them.
 */
const ATTEMPTS_MAX = 3;
/** Errors with which a worker rejects work before it reaches the engine. */
const REJECTIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'worker.busy',
  'worker.draining',
  'inference.engine_unavailable',
]);
/** Backoff between attempts on the shared subject, where NATS picks a worker without knowing which are free. */
const SHARED_PAUSE_FIRST_MS = 25;
const SHARED_PAUSE_MAX_MS = 500;
/** How long a request waits for a disconnected bus. A restart takes less; any longer outage should fail fast. */
const BUS_ABSENCE_MS = 2_000;
/** How long to wait for the usage of a cancelled generation. */
const CANCEL_TIMEOUT_MS = 2_000;

type Input = z.input<typeof generationInput>;
type Sink = Pick<ResponseSink<GenerationHead, GenerationEnd>, 'head' | 'end' | 'error'> & {
  data(payload: Uint8Array): void;
};

/** `Work` pairs the operation with its input; the streams of all operations differ in nothing else. */
const operationOf = ({ operation }: Work): 'generate' => operation as 'generate';

export class Generation implements StreamControl {
  readonly #platform: GenerationPlatform;
  readonly #job: GenerationJob;
  readonly #sink: ResponseSink<GenerationHead, GenerationEnd>;
  readonly #excluded: string[] = [];
  #placements = 0;
  #span: AttemptSpan | undefined;
  #opened = 0;
  #attempts = 0;
  #rejections = 0;
  /** Deadline of waiting for a slot, in `performance.now()` milliseconds. */
  #queueDeadlineAt = 0;
  #openedAt = 0;
  #retrying = false;
  #sharedPauseMs = SHARED_PAUSE_FIRST_MS;
  #slot: Slot | undefined;
  #stream: OpenStream | undefined;
  #head: GenerationHead | undefined;
  #started = false;
  #cancelled = false;
  #ended = false;
  #paused = false;
  #cancelTimer: NodeJS.Timeout | undefined;

  constructor(platform: GenerationPlatform, job: GenerationJob, sink: ResponseSink<GenerationHead, GenerationEnd>) {
    this.#platform = platform;
    this.#job = job;
    this.#sink = sink;
  }

  /** When a worker was last sent the work, in `performance.now()` milliseconds; undefined while it waits for a slot. */
  get openedAt(): number | undefined {
    return this.#stream === undefined ? undefined : this.#openedAt;
  }

  begin(): void {
    this.#platform.retryBudget.enter();
    this.#queueDeadlineAt = Math.min(performance.now() + this.#job.queueTimeoutMs, this.#job.deadlineAt);
    this.#beginPlacing();
  }

  /** Cancels the generation. It ends with its end frame and the usage, or with `inference.cancelled` if it had not started. */
  cancel(): void {
    if (this.#ended || this.#cancelled) return;
    this.#cancelled = true;
    this.#stream?.cancel();
    this.#cancelTimer = setTimeout(() => this.#fail(new AppError('inference.cancelled'), 'lost'), CANCEL_TIMEOUT_MS);
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  #beginPlacing(): void {
    void withLogContext(this.#job.logContext, () => this.#place());
  }

  async #place(): Promise<void> {
    const job = this.#job;
    const { bus } = this.#platform;
    try {
      if (!bus.connected && !(await bus.connectedWithin(BUS_ABSENCE_MS))) throw new AppError('bus.disconnected');
      this.#slot = await this.#platform.slots.acquire(
        {
          ...placementContextOf(job.context),
          ticketId: `${job.context.requestId}-${job.index}-${this.#placements++}`,
          promptTokensEstimate: job.work.promptTokensEstimate,
          affinityKey: affinityKeyOf(job.context.projectId, job.work.promptCacheKey),
          excludedWorkers: this.#excluded,
          deadlineAt: this.#queueDeadlineAt,
        },
        () => this.#cancelled,
      );
      if (this.#cancelled) throw new AppError('inference.cancelled');
      if (this.#slot !== undefined) job.onPlaced?.(this.#slot.workerId);
      this.#open();
    } catch (error) {
      this.#fail(AppError.from(error), 'unused');
    }
  }

  #open(): void {
    this.#openedAt = performance.now();
    this.#head = undefined;
    const sink = {
      head: (head: GenerationHead) => (this.#head = head),
      data: (payload: Uint8Array) => this.#data(payload),
      end: (end: GenerationEnd) => this.#end(end),
      error: (error: AppError) => this.#attemptFailed(error),
    };
    const { context, work, index } = this.#job;
    const number = (this.#opened += 1);
    const open = (): OpenStream =>
      this.#slot === undefined ? this.#openAnywhere(sink) : this.#openOn(this.#slot, sink);
    this.#span = spansEnabled()
      ? new AttemptSpan({ context, work, index, number, workerId: this.#slot?.workerId })
      : undefined;
    this.#stream = this.#span === undefined ? open() : this.#span.run(open);
    if (this.#paused) this.#stream.pause();
  }

  #openOn({ workerId, leaseId }: Slot, sink: Sink): OpenStream {
    const { bus } = this.#platform;
    const { work, index } = this.#job;
    const contract = workerContract.operations[operationOf(work)];
    const own = { ...work.inputOf(index), leaseId, attempt: this.#opened };
    const options = { ...this.#options(), values: { model: this.#job.context.modelId, worker: workerId } };
    return work.count === 1
      ? bus.open(contract, { ...work.input.value, ...own } as Input, sink, options)
      : bus.openShared(contract, work.input, own, sink, options);
  }

  /** Sends one message for each choice, so that no worker receives more choices than it has slots. */
  #openAnywhere(sink: Sink): OpenStream {
    const { work, index, context } = this.#job;
    const input = { ...work.input.value, ...work.inputOf(index), attempt: this.#opened } as Input;
    return this.#platform.bus.open(modelContract.operations[operationOf(work)], input, sink, {
      ...this.#options(),
      values: { model: context.modelId },
    });
  }

  #options(): CallOptions {
    const { context, deadlineAt } = this.#job;
    return { requestId: context.requestId, deadlineMs: deadlineAt - performance.now() };
  }

  #data(payload: Uint8Array): void {
    if (this.#ended) return;
    if (!this.#started) {
      this.#span?.firstToken();
      this.#start();
    }
    this.#sink.data(payload, this.#job.index);
  }

  #end(end: GenerationEnd): void {
    if (this.#ended) return;
    // A response may have no data, if the generation stops before its first token.
    if (!end.cancelled) this.#start();
    this.#span?.end(end.cancelled ? 'cancelled' : 'completed', end.usage);
    this.#span = undefined;
    this.#finish(end.cancelled ? 'cancelled' : 'done');
    this.#sink.end(end);
  }

  #start(): void {
    if (this.#started) return;
    if (this.#head === undefined) throw new AppError('bus.gap');
    this.#started = true;
    this.#endRetry();
    this.#sink.head(this.#head);
  }

  /** Retries after a failed attempt, or ends the generation. */
  #attemptFailed(error: AppError): void {
    if (this.#ended) return;
    this.#stream = undefined;
    this.#endSpan(error);
    const outcome: LeaseOutcome = workerAtFault(error) ? 'lost' : 'failed';
    // The details contain the usage that the worker reported.
    if (this.#cancelled) this.#fail(new AppError('inference.cancelled', error.details, { cause: error }), outcome);
    else if (this.#started && !this.#job.work.repeatable) this.#fail(interruption(error), outcome);
    else if (!this.#mayRetry(error)) this.#fail(this.#started ? interruption(error) : error, outcome);
    else this.#retry(outcome, error);
  }

  #endSpan(error: AppError): void {
    const outcome = error.code === 'inference.cancelled' ? 'cancelled' : 'failed';
    this.#span?.end(outcome, usageOfError(error), error);
    this.#span = undefined;
  }

  #mayRetry(error: AppError): boolean {
    const now = performance.now();
    // The duration of the attempt does not count as waiting for a slot.
    this.#queueDeadlineAt = Math.min(this.#queueDeadlineAt + (now - this.#openedAt), this.#job.deadlineAt);
    if (!error.retryable || now >= this.#queueDeadlineAt) return false;
    const isGone = error.code === 'bus.no_responders' && this.#slot !== undefined;
    if ((isGone || isRejection(error)) && !this.#started) {
      this.#rejections += 1;
      // On the shared subject workers cannot be excluded, so only the deadline bounds the attempts.
      return this.#slot === undefined || this.#rejections <= EXCLUDED_WORKERS_MAX;
    }
    this.#attempts += 1;
    if (this.#attempts >= ATTEMPTS_MAX) return false;
    this.#retrying ||= this.#platform.retryBudget.acquire();
    return this.#retrying;
  }

  #endRetry(): void {
    if (this.#retrying) this.#platform.retryBudget.release();
    this.#retrying = false;
  }

  #retry(outcome: LeaseOutcome, { code }: AppError): void {
    metrics.retries.inc({ reason: code });
    if (this.#started) this.#sink.restart?.();
    this.#started = false;
    if (this.#slot !== undefined) {
      this.#exclude(this.#slot.workerId);
      this.#platform.slots.release(this.#slot, outcome);
      this.#slot = undefined;
      this.#beginPlacing();
      return;
    }
    const pauseMs = this.#sharedPauseMs * (0.5 + Math.random());
    this.#sharedPauseMs = Math.min(this.#sharedPauseMs * 2, SHARED_PAUSE_MAX_MS);
    setTimeout(() => {
      if (!this.#ended) this.#beginPlacing();
    }, pauseMs);
  }

  #exclude(workerId: string): void {
    if (!this.#excluded.includes(workerId)) this.#excluded.push(workerId);
    if (this.#excluded.length > EXCLUDED_WORKERS_MAX) this.#excluded.shift();
  }

  #fail(error: AppError, outcome: LeaseOutcome): void {
    if (this.#ended) return;
    this.#stream?.abandon();
    this.#endSpan(error);
    this.#finish(outcome);
    this.#sink.error(error);
  }

  #finish(outcome: LeaseOutcome): void {
    this.#ended = true;
    clearTimeout(this.#cancelTimer);
    this.#endRetry();
    this.#platform.retryBudget.leave();
    if (this.#slot !== undefined) this.#platform.slots.release(this.#slot, outcome);
  }
}

/** A rejection by the server behind a worker does not count: that server did receive the request, and may need to back off. */
function isRejection({ code, details }: AppError): boolean {
  return REJECTIONS.has(code) && details['upstreamStatus'] === undefined;
}

/** Whether placement should avoid the worker until its next heartbeat. */
function workerAtFault(error: AppError): boolean {
  return (
    error.code.startsWith('bus.') || error.code.startsWith('worker.') || error.code === 'inference.engine_unavailable'
  );
}

/** Returns the error for the client when a started stream is interrupted. */
function interruption(error: AppError): AppError {
  return workerAtFault(error) ? new AppError('inference.interrupted', error.details, { cause: error }) : error;
}
