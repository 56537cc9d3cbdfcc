/**
 * Runs inference requests on workers: places them, splits them into one generation per choice, adds up the usage and records it
 * once. The gateway uses it with interactive priority; batches and agent runs use lower priorities.
 */
import { usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { decodeScore, decodeVector } from '@xerotier/contracts/xim';
import type { MediaHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { InFlightSet } from '@xerotier/in-flight';
import type { Logger } from '@xerotier/log';
import type { Bus, DurablePublisher, StreamControl } from '@xerotier/nats';
import { Accounting } from './accounting.ts';
import type { SealAccounting } from './accounting.ts';
import type { GenerationPlatform } from './generation.ts';
import { inferenceLimitsDefaults, InferenceRun } from './inference-run.ts';
import type { InferenceLimits, TrackedContext } from './inference-run.ts';
import { metrics } from './metrics.ts';
import { NumbersSink } from './numbers-sink.ts';
import type { Numbers } from './numbers-sink.ts';
import { countPrompt } from './prompt-count.ts';
import type { PromptCount } from './prompt-count.ts';
import { requestTimeoutOf } from './request-timeouts.ts';
import type { TimedContext } from './request-timeouts.ts';
import type { ResponseSink } from './response-sink.ts';
import { RetryBudget } from './retry-budget.ts';
import { Slots } from './slots.ts';
import { countUsage } from './usage-metrics.ts';
import { chatWork, embeddingWork, mediaWork, rankingWork } from './work.ts';
import type { ChatInput, EmbeddingTexts, MediaFields, RankingTexts, Work } from './work.ts';

export interface ChatRequest extends TrackedContext, ChatInput {}

export interface EmbeddingsRequest extends TrackedContext {
  readonly embedding: EmbeddingTexts;
}

export interface RankingRequest extends TrackedContext {
  readonly kind: 'rerank' | 'score';
  readonly ranking: RankingTexts;
}

export interface MediaRequest extends TrackedContext {
  readonly media: MediaFields;
}

export interface InferenceClientOptions {
  readonly bus: Bus;
  readonly usage: DurablePublisher<typeof usageRecorded>;
  readonly log: Logger;
  readonly limits?: Partial<InferenceLimits>;
  /** Absent: workers report no usage, and the usage of requests is lost with this process. */
  readonly sealAccounting?: SealAccounting;
}

export class InferenceClient {
  readonly #options: InferenceClientOptions;
  readonly #limits: InferenceLimits;
  readonly #platform: GenerationPlatform;
  readonly #accounting: Accounting | undefined;
  readonly #runs = new InFlightSet<InferenceRun>();
  #idle: (() => void) | undefined;
  #draining: AbortSignal | undefined;

  constructor(options: InferenceClientOptions) {
    this.#options = options;
    this.#limits = { ...inferenceLimitsDefaults, ...options.limits };
    this.#platform = { bus: options.bus, slots: new Slots(options.bus), retryBudget: new RetryBudget() };
    const { sealAccounting } = options;
    this.#accounting = sealAccounting && new Accounting(sealAccounting, this.#limits.requestTimeoutMs);
  }

  /** Runs a chat completion. Each data frame is the JSON text of a `choices` array with entries of one choice. */
  chat(request: ChatRequest, sink: ResponseSink): StreamControl {
    return this.#run(request, chatWork(request, request, this.#accounting), sink);
  }

  /** Runs an audio or image request. */
  media(request: MediaRequest, sink: ResponseSink<MediaHead>): StreamControl {
    // The contract of the operation determines the type of its head.
    return this.#run(request, mediaWork(request, request.media, this.#accounting), sink);
  }

  /**
   * Returns a vector for each input, in order.
   * @throws {AppError} `inference.cancelled` if the signal is aborted, or the error of the run.
   */
  embed(request: EmbeddingsRequest, signal: AbortSignal): Promise<Numbers<Float32Array>> {
    const { inputs } = request.embedding;
    const sink = new NumbersSink(inputs.length, decodeVector);
    return this.#collect(request, embeddingWork(request, request.embedding, this.#accounting), sink, signal);
  }

  /**
   * Returns a score for each document, in order: 0 to 1, higher is more relevant.
   * @throws {AppError} as `embed`.
   */
  rank(request: RankingRequest, signal: AbortSignal): Promise<Numbers<number>> {
    const { documents } = request.ranking;
    const sink = new NumbersSink(documents.length, decodeScore);
    const work = rankingWork(request, request.kind, request.ranking, this.#accounting);
    return this.#collect(request, work, sink, signal);
  }

  /**
   * Returns the prompt tokens of a chat, as its engine counts them: without a slot, and without usage.
   * @throws {AppError} `inference.counting_unavailable` if no worker that counts responds, or the error of the worker.
   */
  count(context: TimedContext, chat: ChatInput['chat'], signal: AbortSignal): Promise<PromptCount> {
    const deadlineMs = requestTimeoutOf(context, this.#limits.requestTimeoutMs);
    return countPrompt(this.#options.bus, { context, chat, deadlineMs }, signal);
  }

  #collect<T>(context: TrackedContext, work: Work, sink: NumbersSink<T>, signal: AbortSignal): Promise<Numbers<T>> {
    const run = this.#run(context, work, sink);
    const cancel = (): void => run.cancel();
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    return sink.result.finally(() => signal.removeEventListener('abort', cancel));
  }

  #run(context: TrackedContext, work: Work, sink: ResponseSink): InferenceRun {
    const run: InferenceRun = new InferenceRun(this.#platform, this.#limits, context, work, sink, (record) => {
      this.#runs.delete(handle);
      if (context.onRecord === undefined) this.#record(record);
      else context.onRecord(record);
      if (this.#runs.size === 0) this.#idle?.();
    });
    const handle = this.#runs.add(run);
    run.begin();
    if (this.#draining?.aborted === true) run.stop(new AppError('service.draining'));
    return run;
  }

  /**
   * Waits until all requests have ended. Once the signal is aborted, running and new requests are ended with
   * `service.draining`, also those that began after it had resolved: what drains with this client may take
   * several requests, one after the other.
   */
  async drain(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      for (const run of this.#runs) run.stop(new AppError('service.draining'));
    };
    this.#draining = signal;
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    if (this.#runs.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #record(record: UsageRecord): void {
    if (this.#options.usage.publish(record)) return countUsage(record);
    metrics.usageLost.labels().inc();
    // The log line contains the whole record, so that it can be added to the ledger manually.
    this.#options.log.error('usage event dropped', { record });
  }
}
