/** One running request: its generations, their usage, and the usage record at the end. */
import { requestContextOf, usageOfChoices, usageOfError } from '@xerotier/contracts/inference';
import type { TokenUsage, UsageRecord } from '@xerotier/contracts/inference';
import type { GenerationEnd, GenerationHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { logContext, withLogContext } from '@xerotier/log';
import type { StreamControl } from '@xerotier/nats';
import { Generation } from './generation.ts';
import type { GenerationPlatform } from './generation.ts';
import { RequestTimer } from './request-timer.ts';
import { idleTimeoutOf, requestTimeoutOf } from './request-timeouts.ts';
import type { TimedContext } from './request-timeouts.ts';
import type { ResponseSink } from './response-sink.ts';
import type { Work } from './work.ts';

/** The request context, with callbacks for the caller. */
export interface TrackedContext extends TimedContext {
  /** Called for each worker that the request is sent to; the last one produced the response or the error. */
  readonly onPlaced?: ((workerId: string) => void) | undefined;
  /** Receives the usage record instead of the ledger: for work whose result, and with it its cost, counts only once it is kept. */
  readonly onRecord?: ((record: UsageRecord) => void) | undefined;
  /** Called with the usage once the request has ended in any way, before the sink receives the end. */
  readonly onUsage?: ((usage: TokenUsage) => void) | undefined;
}

export interface InferenceLimits {
  /** Timeout of the whole response, unless the tier of the request has a lower one. Default 10 minutes. */
  readonly requestTimeoutMs: number;
  /** Maximum time that each choice waits for a slot. Default 30 s. */
  readonly queueTimeoutMs: number;
  /** Maximum number of choices of one request that run concurrently. Default 8. */
  readonly fanOutMax: number;
}

export const inferenceLimitsDefaults: InferenceLimits = {
  requestTimeoutMs: 600_000,
  queueTimeoutMs: 30_000,
  fanOutMax: 8,
};

export class InferenceRun implements StreamControl {
  readonly #platform: GenerationPlatform;
  readonly #limits: InferenceLimits;
  readonly #context: TrackedContext;
  readonly #work: Work;
  readonly #sink: ResponseSink;
  readonly #record: (record: UsageRecord) => void;
  readonly #begunAt = performance.now();
  readonly #startedAt = Date.now();
  /** Of the request: frames, and with them the end, arrive in a context of their own. */
  readonly #logContext = logContext() ?? {};
  readonly #running = new Map<number, Generation>();
  readonly #usages = new Map<number, TokenUsage>();
  /** Received frames by choice, to estimate the usage of a choice that reports none. */
  readonly #frames: number[] = [];
  readonly #timer: RequestTimer;
  #next = 0;
  #firstDataAt: number | undefined;
  #failure: AppError | undefined;
  #paused = false;
  #ended = false;

  constructor(
    platform: GenerationPlatform,
    limits: InferenceLimits,
    context: TrackedContext,
    work: Work,
    sink: ResponseSink,
    record: (record: UsageRecord) => void,
  ) {
    this.#platform = platform;
    this.#limits = limits;
    this.#context = context;
    this.#work = work;
    this.#sink = sink;
    this.#record = record;
    this.#timer = new RequestTimer({
      // The worker enforces the same deadline and reports its usage; the timer is for a worker that does not.
      deadlineAt: this.#begunAt + requestTimeoutOf(context, limits.requestTimeoutMs),
      idleTimeoutMs: work.streamed ? idleTimeoutOf(context) : Infinity,
      awaitedSince: () => this.#awaitedSince(),
      expired: (error) => this.stop(error),
    });
  }

  begin(): void {
    this.#timer.begin();
    this.#beginChoices();
  }

  #beginChoices(): void {
    while (this.#next < this.#work.count && this.#running.size < this.#limits.fanOutMax)
      this.#beginChoice(this.#next++);
  }

  cancel(): void {
    if (!this.#ended) this.stop(new AppError('inference.cancelled'));
  }

  /** Ends the request with an error, which the sink receives once the workers have reported their usage. */
  stop(reason: AppError): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = reason;
    for (const generation of [...this.#running.values()]) generation.cancel();
  }

  pause(): void {
    this.#paused = true;
    for (const generation of this.#running.values()) generation.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const generation of this.#running.values()) generation.resume();
  }

  #beginChoice(choiceIndex: number): void {
    const job = {
      context: this.#context,
      work: this.#work,
      index: choiceIndex,
      deadlineAt: this.#timer.deadlineAt,
      queueTimeoutMs: this.#limits.queueTimeoutMs,
      onPlaced: this.#context.onPlaced,
      logContext: this.#logContext,
    };
    const generation = new Generation(this.#platform, job, {
      head: (head) => this.#head(head),
      data: (payload) => this.#data(payload, choiceIndex),
      restart: () => this.#restart(),
      end: (end) => this.#choiceEnded(choiceIndex, end),
      error: (error) => this.#choiceFailed(choiceIndex, error),
    });
    this.#running.set(choiceIndex, generation);
    if (this.#paused) generation.pause();
    generation.begin();
  }

  #head(head: GenerationHead): void {
    if (this.#firstDataAt !== undefined || this.#failure !== undefined) return;
    this.#firstDataAt = performance.now();
    this.#sink.head(head);
  }

  #data(payload: Uint8Array, choiceIndex: number): void {
    this.#timer.noteOutput();
    this.#frames[choiceIndex] = (this.#frames[choiceIndex] ?? 0) + 1;
    if (this.#failure === undefined) this.#sink.data(payload, choiceIndex);
  }

  /** The queue has a timeout of its own, and a client that does not read the output is not a stream without any. */
  #awaitedSince(): number | undefined {
    if (this.#paused) return undefined;
    const times = [...this.#running.values()].flatMap(({ openedAt }) => openedAt ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Repeatable work has exactly one generation. */
  #restart(): void {
    this.#firstDataAt = undefined;
    this.#frames.length = 0;
    this.#sink.restart?.();
  }

  #choiceEnded(choiceIndex: number, end: GenerationEnd): void {
    this.#running.delete(choiceIndex);
    this.#usages.set(choiceIndex, end.usage);
    if (end.inputTokens !== undefined) this.#sink.inputTokens?.(end.inputTokens);
    // The worker stopped at its own deadline.
    if (end.cancelled && this.#failure === undefined) this.stop(new AppError('inference.deadline_exceeded'));
    if (this.#failure === undefined) this.#beginChoices();
    this.#finishWhenIdle();
  }

  #choiceFailed(choiceIndex: number, error: AppError): void {
    this.#running.delete(choiceIndex);
    const usage = usageOfError(error);
    if (usage !== undefined) this.#usages.set(choiceIndex, usage);
    this.stop(error);
    this.#finishWhenIdle();
  }

  #finishWhenIdle(): void {
    if (this.#running.size === 0) withLogContext(this.#logContext, () => this.#finish());
  }

  #finish(): void {
    this.#ended = true;
    this.#timer.end();
    const usage = this.#usage();
    const durationMs = performance.now() - this.#begunAt;
    const timeToFirstTokenMs = this.#firstDataAt === undefined ? null : this.#firstDataAt - this.#begunAt;
    this.#record({
      ...requestContextOf(this.#context),
      kind: this.#work.kind,
      usage,
      ...(this.#usages.size < this.#next && { estimated: true }),
      outcome:
        this.#failure === undefined
          ? 'completed'
          : this.#failure.code === 'inference.cancelled'
            ? 'cancelled'
            : 'failed',
      streamed: this.#work.streamed,
      startedAt: this.#startedAt,
      durationMs,
      timeToFirstTokenMs,
      timePerOutputTokenMs: timePerOutputToken(
        durationMs,
        timeToFirstTokenMs,
        usage.completionTokens / this.#work.count,
      ),
    });
    this.#context.onUsage?.(usage);
    if (this.#failure === undefined) this.#sink.end(usage);
    else this.#sink.error(this.#failure);
  }

  /** Counts the prompt once for all choices. Choices that reported no usage count their received frames. */
  #usage(): TokenUsage {
    const reported = usageOfChoices(this.#usages);
    const unreported = this.#frames.filter((_frames, choice) => !this.#usages.has(choice));
    if (unreported.length === 0) return reported;
    const received = unreported.reduce((total, frames) => total + this.#work.tokensOf(frames), 0);
    const { promptTokensEstimate } = this.#work;
    return {
      ...reported,
      promptTokens: this.#usages.size > 0 ? reported.promptTokens : promptTokensEstimate,
      completionTokens: reported.completionTokens + received,
    };
  }
}

/** @param tokens of one choice, since choices run concurrently. */
function timePerOutputToken(durationMs: number, timeToFirstTokenMs: number | null, tokens: number): number | null {
  return timeToFirstTokenMs === null || tokens < 2 ? null : (durationMs - timeToFirstTokenMs) / (tokens - 1);
}
