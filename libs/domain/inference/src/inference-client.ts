/**
 * The way to an answer, for everything that needs one: places a request on workers, fans `n` choices out, joins what
 * they used and records it once. The gateway uses it for people who wait; batches and agent runs use it at their own priority.
 */
import { usageRecorded } from '@xerotier/contracts/inference';
import { decodeScore, decodeVector } from '@xerotier/contracts/xim';
import type {
  LatencyTargets,
  RequestedServiceTier,
  Priority,
  TokenUsage,
  UsageRecord,
} from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type {
  EmbeddingInput,
  GenerationEnd,
  GenerationHead,
  MediaHead,
  MediaInput,
  RankingInput,
} from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { Bus, DurablePublisher } from '@xerotier/nats';
import { Generation } from './generation.ts';
import { NumbersSink } from './numbers-sink.ts';
import type { Numbers } from './numbers-sink.ts';
import { RetryBudget } from './retry-budget.ts';
import { Slots } from './slots.ts';
import { chatWork, embeddingWork, mediaWork, rankingWork } from './work.ts';
import type { Work } from './work.ts';

/** Whose request it is, and which model it needs. */
export interface RequestOrigin {
  readonly requestId: string;
  readonly projectId: string;
  readonly endpointId: string;
  readonly keyId: string;
  readonly tier: string;
  readonly modelId: string;
  readonly priority: Priority;
  readonly latencyTargets?: LatencyTargets | undefined;
  readonly requestedServiceTier?: RequestedServiceTier | undefined;
  /** Whom the client asked for, in its own words; for the usage record alone. */
  readonly endUser?: string | undefined;
  /** Hears of each worker that the request is sent to: the last one is whose response, or failure, the caller gets. */
  readonly onPlaced?: ((workerId: string) => void) | undefined;
  /** Hears what was used once the request is over, however it ended, before the sink hears of the end. */
  readonly onUsage?: ((usage: TokenUsage) => void) | undefined;
}

export interface InferenceRequest extends RequestOrigin {
  readonly chat: ChatCompletionRequest;
  /** All digits of a seed that a number cannot hold. */
  readonly seedDigits?: string | undefined;
}

export interface EmbeddingsRequest extends RequestOrigin {
  readonly embedding: Pick<EmbeddingInput, 'inputs' | 'dimensions'>;
}

export interface RankingRequest extends RequestOrigin {
  readonly kind: 'rerank' | 'score';
  readonly ranking: Pick<RankingInput, 'queries' | 'documents' | 'documentTokensMax'>;
}

export interface MediaRequest extends RequestOrigin {
  readonly media: Pick<MediaInput, 'route' | 'fields' | 'files'>;
}

/** Receives the bytes of one answer. `start` comes once, before them; exactly one of `end` and `error`, last. */
export interface MediaSink {
  start(head: MediaHead): void;
  /** Valid during the call. */
  data(bytes: Uint8Array): void;
  end(): void;
  error(error: AppError): void;
}

/** Receives one request's answer. `start` comes once, before the first choices; exactly one of `end` and `error`, last. */
export interface InferenceSink {
  start(head: GenerationHead): void;
  /** JSON text of a `choices` array with entries of one choice only; valid during the call. */
  choices(json: Uint8Array, choiceIndex: number): void;
  end(usage: TokenUsage): void;
  error(error: AppError): void;
}

/** What a run tells while it goes on; `restart` voids what was told since `start`. */
interface RunSink {
  start(head: GenerationHead): void;
  data(payload: Uint8Array, choiceIndex: number): void;
  restart(): void;
  end(usage: TokenUsage): void;
  error(error: AppError): void;
}

export interface RunningInference {
  /** Stops all of it; the sink gets `inference.cancelled`. Does nothing once the request is over. */
  cancel(): void;
  /** Holds the workers back while the reader cannot keep up. */
  pause(): void;
  resume(): void;
}

export interface InferenceLimits {
  /** Time for the whole answer. Default 10 minutes. */
  readonly requestTimeoutMs: number;
  /** Time a request, and each further choice of it, may wait for a slot. Default 30 s. */
  readonly queueTimeoutMs: number;
  /** Choices of one request that run at once. Default 8; the rest follow as these end. */
  readonly fanOutMax: number;
}

export const inferenceLimitsDefaults: InferenceLimits = {
  requestTimeoutMs: 600_000,
  queueTimeoutMs: 30_000,
  fanOutMax: 8,
};

export interface InferenceClientOptions {
  readonly bus: Bus;
  readonly usage: DurablePublisher<typeof usageRecorded>;
  readonly log: Logger;
  readonly limits?: Partial<InferenceLimits>;
}

export class InferenceClient {
  readonly #options: InferenceClientOptions;
  readonly #limits: InferenceLimits;
  readonly #platform: { bus: Bus; slots: Slots; retryBudget: RetryBudget };
  readonly #runs = new Set<InferenceRun>();
  #idle: (() => void) | undefined;
  #draining: AbortSignal | undefined;

  constructor(options: InferenceClientOptions) {
    this.#options = options;
    this.#limits = { ...inferenceLimitsDefaults, ...options.limits };
    this.#platform = { bus: options.bus, slots: new Slots(options.bus), retryBudget: new RetryBudget() };
  }

  run(request: InferenceRequest, sink: InferenceSink): RunningInference {
    return this.#run(request, chatWork(request), {
      start: (head) => sink.start(head),
      data: (payload, choiceIndex) => sink.choices(payload, choiceIndex),
      restart: () => undefined,
      end: (usage) => sink.end(usage),
      error: (error) => sink.error(error),
    });
  }

  /** Sound, text of sound, or images. */
  media(request: MediaRequest, sink: MediaSink): RunningInference {
    return this.#run(request, mediaWork(request, request.media), {
      // The head of an operation is what its contract says, and this one is `media`.
      start: (head) => sink.start(head as MediaHead),
      data: (payload) => sink.data(payload),
      restart: () => undefined,
      end: () => sink.end(),
      error: (error) => sink.error(error),
    });
  }

  /**
   * A vector for each input, in their order.
   * @throws {AppError} `inference.cancelled` once the signal is aborted; otherwise as a run's sink gets it.
   */
  embed(request: EmbeddingsRequest, signal: AbortSignal): Promise<Numbers<Float32Array>> {
    const { inputs } = request.embedding;
    const sink = new NumbersSink(inputs.length, decodeVector);
    return this.#whole(request, embeddingWork(request, request.embedding), sink, signal);
  }

  /**
   * A score for each document, in their order: 0 to 1, more is nearer to the query.
   * @throws as `embed`.
   */
  rank(request: RankingRequest, signal: AbortSignal): Promise<Numbers<number>> {
    const { documents } = request.ranking;
    const sink = new NumbersSink(documents.length, decodeScore);
    return this.#whole(request, rankingWork(request, request.kind, request.ranking), sink, signal);
  }

  #whole<T>(origin: RequestOrigin, work: Work, sink: NumbersSink<T>, signal: AbortSignal): Promise<Numbers<T>> {
    const run = this.#run(origin, work, sink);
    const cancel = (): void => run.cancel();
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    return sink.whole.finally(() => signal.removeEventListener('abort', cancel));
  }

  #run(origin: RequestOrigin, work: Work, sink: RunSink): InferenceRun {
    const run: InferenceRun = new InferenceRun(this.#platform, this.#limits, origin, work, sink, (record) => {
      this.#runs.delete(run);
      this.#record(record);
      if (this.#runs.size === 0) this.#idle?.();
    });
    this.#runs.add(run);
    run.begin();
    if (this.#draining?.aborted === true) run.stop(new AppError('service.draining'));
    return run;
  }

  /**
   * Waits until everything that runs is over. Once the signal is aborted, what still runs and what comes after is ended
   * with `service.draining`.
   */
  async drain(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#runs.forEach((run) => run.stop(new AppError('service.draining')));
    this.#draining = signal;
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    if (this.#runs.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    signal.removeEventListener('abort', stop);
  }

  #record(record: UsageRecord): void {
    if (this.#options.usage.publish(record)) return;
    // Nothing may get lost in silence: the line holds all that the ledger would have had.
    this.#options.log.error('usage could not be queued: settle it by hand', { record });
  }
}

class InferenceRun implements RunningInference {
  readonly #platform: { bus: Bus; slots: Slots; retryBudget: RetryBudget };
  readonly #limits: InferenceLimits;
  readonly #origin: RequestOrigin;
  readonly #work: Work;
  readonly #sink: RunSink;
  readonly #record: (record: UsageRecord) => void;
  readonly #begunAt = performance.now();
  readonly #startedAt = Date.now();
  readonly #running = new Map<number, Generation>();
  readonly #usages = new Map<number, TokenUsage>();
  /** Frames that came of each choice: what counts of one that never says what it used. */
  readonly #frames: number[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #next = 0;
  #firstDataAt: number | undefined;
  #failure: AppError | undefined;
  #paused = false;
  #over = false;

  constructor(
    platform: { bus: Bus; slots: Slots; retryBudget: RetryBudget },
    limits: InferenceLimits,
    origin: RequestOrigin,
    work: Work,
    sink: RunSink,
    record: (record: UsageRecord) => void,
  ) {
    this.#platform = platform;
    this.#limits = limits;
    this.#origin = origin;
    this.#work = work;
    this.#sink = sink;
    this.#record = record;
  }

  begin(): void {
    // The worker keeps the same deadline and counts what it did; this one is for a worker that does not.
    this.#deadline = setTimeout(
      () => this.stop(new AppError('inference.deadline_exceeded')),
      this.#limits.requestTimeoutMs,
    );
    this.#beginChoices();
  }

  #beginChoices(): void {
    while (this.#next < this.#work.count && this.#running.size < this.#limits.fanOutMax)
      this.#beginChoice(this.#next++);
  }

  cancel(): void {
    if (!this.#over) this.stop(new AppError('inference.cancelled'));
  }

  /** Ends everything for the given reason, which the sink gets once the workers have said what they used. */
  stop(reason: AppError): void {
    if (this.#failure !== undefined || this.#over) return;
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
    const { requestId, projectId, priority, modelId, tier } = this.#origin;
    const deadlineAt = this.#begunAt + this.#limits.requestTimeoutMs;
    const generation = new Generation(
      this.#platform,
      {
        task: this.#work.task(choiceIndex),
        index: choiceIndex,
        requestId,
        projectId,
        modelId,
        tier,
        priority,
        repeatable: this.#work.repeatable,
        promptTokensEstimate: this.#work.promptTokensEstimate,
        latencyTargets: this.#origin.latencyTargets,
        requestedServiceTier: this.#origin.requestedServiceTier,
        deadlineAt,
        queueTimeoutMs: this.#limits.queueTimeoutMs,
        onPlaced: this.#origin.onPlaced,
      },
      {
        start: (head) => this.#start(head),
        data: (payload) => this.#data(payload, choiceIndex),
        restart: () => this.#restart(),
        end: (end) => this.#choiceEnded(choiceIndex, end),
        error: (error) => this.#choiceFailed(choiceIndex, error),
      },
    );
    this.#running.set(choiceIndex, generation);
    if (this.#paused) generation.pause();
    generation.begin();
  }

  #start(head: GenerationHead): void {
    if (this.#firstDataAt !== undefined || this.#failure !== undefined) return;
    this.#firstDataAt = performance.now();
    this.#sink.start(head);
  }

  #data(payload: Uint8Array, choiceIndex: number): void {
    this.#frames[choiceIndex] = (this.#frames[choiceIndex] ?? 0) + 1;
    if (this.#failure === undefined) this.#sink.data(payload, choiceIndex);
  }

  /** Work that may begin again is one generation. */
  #restart(): void {
    this.#firstDataAt = undefined;
    this.#frames.length = 0;
    this.#sink.restart();
  }

  #choiceEnded(choiceIndex: number, end: GenerationEnd): void {
    this.#running.delete(choiceIndex);
    this.#usages.set(choiceIndex, end.usage);
    // The worker was told to stop by its deadline, not by us.
    if (end.cancelled && this.#failure === undefined) this.stop(new AppError('inference.deadline_exceeded'));
    if (this.#failure === undefined) this.#beginChoices();
    this.#finishWhenIdle();
  }

  #choiceFailed(choiceIndex: number, error: AppError): void {
    this.#running.delete(choiceIndex);
    const usage = error.details['usage'];
    if (usage !== undefined) this.#usages.set(choiceIndex, usage as TokenUsage);
    this.stop(error);
    this.#finishWhenIdle();
  }

  #finishWhenIdle(): void {
    if (this.#running.size > 0) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    const usage = this.#usage();
    const durationMs = performance.now() - this.#begunAt;
    const timeToFirstTokenMs = this.#firstDataAt === undefined ? null : this.#firstDataAt - this.#begunAt;
    const { requestId, projectId, endpointId, keyId, modelId, tier, priority } = this.#origin;
    this.#record({
      requestId,
      kind: this.#work.kind,
      projectId,
      endpointId,
      keyId,
      modelId,
      tier,
      priority,
      usage,
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
      latencyTargets: this.#origin.latencyTargets,
      requestedServiceTier: this.#origin.requestedServiceTier,
      endUser: this.#origin.endUser,
    });
    this.#origin.onUsage?.(usage);
    if (this.#failure === undefined) this.#sink.end(usage);
    else this.#sink.error(this.#failure);
  }

  /** The prompt is counted once, whatever `n` is. Choices that never said what they used count what arrived of them. */
  #usage(): TokenUsage {
    const told = [...this.#usages.values()];
    const sum = (field: keyof TokenUsage): number => told.reduce((total, usage) => total + usage[field], 0);
    const first = this.#usages.get(0) ?? told[0];
    const untold = this.#frames.filter((_frames, choice) => !this.#usages.has(choice));
    return {
      promptTokens: first?.promptTokens ?? (untold.length === 0 ? 0 : this.#work.promptTokensEstimate),
      cachedTokens: first?.cachedTokens ?? 0,
      completionTokens:
        sum('completionTokens') + untold.reduce((total, frames) => total + this.#work.tokensOf(frames), 0),
      reasoningTokens: sum('reasoningTokens'),
      acceptedPredictionTokens: sum('acceptedPredictionTokens'),
      rejectedPredictionTokens: sum('rejectedPredictionTokens'),
    };
  }
}

/** Choices run side by side, so the time is that of the tokens of one. */
function timePerOutputToken(durationMs: number, timeToFirstTokenMs: number | null, tokens: number): number | null {
  return timeToFirstTokenMs === null || tokens < 2 ? null : (durationMs - timeToFirstTokenMs) / (tokens - 1);
}
