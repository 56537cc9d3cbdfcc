/**
 * Runs generations on the engine, and enforces its slots. The router counts slots too, but several routers, or callers without
 * one, may send work to the same worker.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import { ChoiceCollector } from '@xerotier/chat-choices';
import { encodeScore, encodeVector, mediaRoutes } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type {
  CountInput,
  EmbeddingInput,
  generationEnd,
  generationHead,
  GenerationInput,
  mediaHead,
  MediaInput,
  RankingInput,
} from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { InFlightSet } from '@xerotier/in-flight';
import type { Logger } from '@xerotier/log';
import type { ResponseStream } from '@xerotier/nats';
import type { z } from 'zod';
import { engineFor, supports } from '../engines/engine-tasks.ts';
import type { ChatEngine, Engine, EngineEvent, MediaEvent, RankJob } from '../engines/engine.ts';
import { rankByEmbeddings } from '../engines/rank-by-embeddings.ts';
import type { ReportedHealth } from '../health/engine-health.ts';
import type { WorkerIdentity } from '../fleet/worker-identity.ts';
import { isEngineFailure, logEngineFailure } from './engine-failures.ts';
import type { GenerationResult, UsageReports } from '../usage/usage-reports.ts';
import { MeasuredGeneration } from './measured-generation.ts';
import { rejectUnsupported } from './unsupported-parameters.ts';

export type GenerationOutput = ResponseStream<z.input<typeof generationHead>>;
export type MediaOutput = ResponseStream<z.input<typeof mediaHead>>;
export type CountOutput = Pick<ResponseStream<{ workerId: string }>, 'head' | 'signal'>;

type End = z.input<typeof generationEnd>;
type WorkInput = GenerationInput | EmbeddingInput | RankingInput | MediaInput;

type RunningOutput = Pick<GenerationOutput, 'abort' | 'paused' | 'signal'>;

/** Work that occupies a slot. */
interface Running {
  readonly id: string;
  readonly output: RunningOutput;
  readonly measured: MeasuredGeneration;
  /** It has sent data, so no other worker can take it over. */
  begun: boolean;
}

/** They have no slots; beyond this number another worker is asked. */
const COUNTS_MAX = 64;

export class GenerationsService {
  readonly #engine: Engine;
  readonly #health: ReportedHealth;
  readonly #workerId: string;
  readonly #modelId: string;
  readonly #log: Logger;
  readonly #reports: UsageReports | undefined;
  readonly #active = new InFlightSet<Running>();
  #counts = 0;
  #draining = false;
  #idle: (() => void) | undefined;

  /** @param reports absent in tests of other things. */
  constructor(
    engine: Engine,
    health: ReportedHealth,
    { workerId, modelId }: WorkerIdentity,
    log: Logger,
    reports?: UsageReports,
  ) {
    this.#engine = engine;
    this.#health = health;
    this.#workerId = workerId;
    this.#modelId = modelId;
    this.#log = log;
    this.#reports = reports;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Lease ids of the running work; request id and choice for work without a lease. */
  active(): string[] {
    return [...this.#active].map(({ id }) => id);
  }

  /**
   * Runs one generation to its end.
   * @returns the usage; `cancelled` when the caller cancelled it or its deadline was exceeded.
   * @throws {AppError} `worker.busy`, `worker.draining`, `bus.peer_lost` when the caller is lost, `request.unsupported_parameter`, `inference.*`. When tokens were
   * generated before the failure, `details.usage` counts them.
   */
  run(input: GenerationInput, output: GenerationOutput): Promise<End> {
    return this.#inSlot(input.leaseId ?? workIdOf(input), input, output, (running) => {
      const engine = engineFor(this.#engine, 'generate');
      rejectUnsupported(input.chat, engine.parameters);
      return this.#generate(engine, input, output, running);
    });
  }

  /**
   * Writes the vectors of all inputs, one frame each.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine does not support embeddings.
   */
  embed(input: EmbeddingInput, output: GenerationOutput): Promise<End> {
    return this.#inSlot(input.leaseId ?? input.requestId, input, output, async (running) => {
      const { inputs, dimensions } = input;
      const inputTokens: number[] = [];
      const onInputTokens = (tokens: number): void => void inputTokens.push(tokens);
      const paramOf = (index: number): string => (inputs.length === 1 ? 'input' : `input[${index}]`);
      const job = { inputs, dimensions, paramOf, onInputTokens };
      const vectors = engineFor(this.#engine, 'embed').embed(job, output.signal);
      const end = await this.#numbers(vectors, encodeVector, output, running);
      return inputTokens.length === inputs.length ? { ...end, inputTokens } : end;
    });
  }

  /**
   * Writes the scores of all documents, one frame each: those of the model if it ranks, otherwise the similarity of embeddings.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine supports neither.
   */
  rank(input: RankingInput, output: GenerationOutput): Promise<End> {
    return this.#inSlot(input.leaseId ?? input.requestId, input, output, (running) => {
      const { queries, documents, documentTokensMax } = input;
      const job = { queries, documents, documentTokensMax };
      return this.#numbers(this.#scores(job, output.signal), encodeScore, output, running);
    });
  }

  /**
   * Writes the bytes of an audio or image response.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine or its model serves another task.
   */
  media(input: MediaInput, output: MediaOutput): Promise<End> {
    return this.#inSlot(input.leaseId ?? input.requestId, input, output, (running) => {
      const { route, fields } = input;
      const files = input.files.map((file) => ({ ...file, data: Buffer.from(file.data, 'base64') }));
      const engine = engineFor(this.#engine, mediaRoutes[route].task);
      const events = engine.media({ route, fields, files }, output.signal);
      return this.#media(events, output, running);
    });
  }

  /**
   * Counts the prompt tokens of a request. It needs no slot, and is not measured as work of the engine.
   * @throws {AppError} `worker.busy`, `worker.draining`, `request.*`, `inference.*`; `inference.task_unsupported` when the engine
   * cannot count.
   */
  async count({ chat }: CountInput, output: CountOutput): Promise<{ inputTokens: number }> {
    if (this.#draining) throw new AppError('worker.draining');
    if (!this.#health.available) throw new AppError('inference.engine_unavailable');
    if (this.#counts >= COUNTS_MAX) throw new AppError('worker.busy');
    const engine = engineFor(this.#engine, 'generate');
    rejectUnsupported(chat, engine.parameters);
    if (engine.count === undefined) throw new AppError('inference.task_unsupported', { task: 'count tokens' });
    this.#counts += 1;
    try {
      const inputTokens = await engine.count(chat, output.signal);
      output.head({ workerId: this.#workerId });
      return { inputTokens };
    } finally {
      this.#counts -= 1;
    }
  }

  async #inSlot(
    id: string,
    input: WorkInput,
    output: RunningOutput,
    work: (running: Running) => Promise<End>,
  ): Promise<End> {
    if (this.#draining) throw new AppError('worker.draining');
    if (!this.#health.available) throw new AppError('inference.engine_unavailable');
    if (this.#active.size >= this.#engine.slots) throw new AppError('worker.busy');
    const measured = new MeasuredGeneration(this.#modelId);
    const running = { id, output, measured, begun: false };
    const handle = this.#active.add(running);
    const workEnded = this.#health.begin();
    try {
      const end = await work(running);
      measured.ended(end.usage, end.cancelled);
      this.#reports?.ended(input, resultOf(input, running, end.usage, end.cancelled ? 'cancelled' : 'completed'));
      if (!end.cancelled) this.#health.succeeded();
      return end;
    } catch (error) {
      const usage = AppError.from(error).details['usage'] as TokenUsage | undefined;
      measured.failed(usage);
      this.#reports?.ended(input, resultOf(input, running, usage, 'failed'));
      if (isEngineFailure(error)) {
        this.#health.failed(error);
        logEngineFailure(this.#log, error, input, this.#workerId);
      }
      throw error;
    } finally {
      workEnded();
      this.#active.delete(handle);
      if (this.#active.size === 0) this.#idle?.();
    }
  }

  /** Aborts the work that has sent no data yet, so that its callers retry on another worker. */
  abortPending(): void {
    for (const { begun, output } of this.#active)
      if (!begun) output.abort(new AppError('inference.engine_unavailable'));
  }

  /**
   * Rejects new work and waits for the running work. Once the signal is aborted, the remaining work is aborted with
   * `worker.draining`: callers that have received no data retry on another worker.
   */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    const stop = (): void => {
      for (const { output } of this.#active) output.abort(new AppError('worker.draining'));
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    if (this.#active.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #numbers<T>(
    values: AsyncGenerator<T, TokenUsage>,
    bytesOf: (value: T) => Uint8Array,
    output: GenerationOutput,
    running: Running,
  ): Promise<End> {
    const write = (value: T): void => {
      if (!running.begun) this.#write({ type: 'head' }, undefined, output);
      output.data(bytesOf(value));
    };
    return this.#pump(values, write, () => true, running).then((usage) => this.#finish(usage, undefined, output));
  }

  #scores(job: RankJob, signal: AbortSignal): AsyncGenerator<number, TokenUsage> {
    if (supports(this.#engine, 'score')) return this.#engine.rank(job, signal);
    if (supports(this.#engine, 'embed')) return rankByEmbeddings(this.#engine, job, signal);
    return engineFor(this.#engine, 'score').rank(job, signal);
  }

  #media(events: AsyncGenerator<MediaEvent, TokenUsage>, output: MediaOutput, running: Running): Promise<End> {
    const write = (event: MediaEvent): void => {
      if (event.type === 'head') output.head({ workerId: this.#workerId, contentType: event.contentType });
      else output.data(event.bytes);
    };
    return this.#pump(events, write, isData, running).then((usage) => this.#finish(usage, undefined, output));
  }

  #generate(engine: ChatEngine, input: GenerationInput, output: GenerationOutput, running: Running): Promise<End> {
    const { chat, choiceIndex, projectId, seedDigits } = input;
    const job = { request: chat, choiceIndex, seedDigits, cacheSalt: projectId };
    const collector = input.chat.stream === true ? undefined : new ChoiceCollector(input.choiceIndex);
    const events = engine.generate(job, output.signal);
    const write = (event: EngineEvent): void => {
      if (event.type !== 'head') running.measured.finishedBecause(event.choices[0]?.finish_reason ?? null);
      this.#write(event, collector, output);
    };
    return this.#pump(events, write, isData, running).then((usage) => this.#finish(usage, collector, output));
  }

  /** Pulls events from the engine as fast as the caller reads them. @returns the usage. */
  async #pump<E>(
    events: AsyncGenerator<E, TokenUsage>,
    write: (event: E) => void,
    hasData: (event: E) => boolean,
    running: Running,
  ): Promise<TokenUsage> {
    try {
      for (;;) {
        const next = await events.next();
        if (next.done === true) return next.value;
        write(next.value);
        if (hasData(next.value)) {
          if (!running.begun) running.measured.firstData();
          running.begun = true;
          this.#health.progressed();
        }
        const paused = running.output.paused();
        if (paused !== undefined) await paused;
      }
    } finally {
      // The engine must release its slot, however the loop ended.
      await events.return(emptyUsage());
    }
  }

  #write(event: EngineEvent, collector: ChoiceCollector | undefined, output: GenerationOutput): void {
    if (event.type === 'head') {
      output.head({
        workerId: this.#workerId,
        systemFingerprint: event.systemFingerprint ?? this.#engine.fingerprint,
        maxTokensClampedFrom: event.maxTokensClampedFrom,
        adjustedReasoningEffort: event.adjustedReasoningEffort,
      });
    } else if (collector === undefined) {
      output.data(Buffer.from(JSON.stringify(event.choices)));
    } else if (event.type === 'chunk') {
      for (const choice of event.choices) collector.add(choice);
    } else {
      for (const choice of event.choices) collector.set(choice);
    }
  }

  #finish(
    usage: TokenUsage,
    collector: ChoiceCollector | undefined,
    output: Pick<GenerationOutput, 'signal' | 'data'>,
  ): End {
    if (output.signal.aborted) {
      const reason = AppError.from(output.signal.reason);
      this.#log.debug('generation aborted', { reason: reason.code });
      // A caller that was only slow receives the error, and can retry on another worker: it did not cancel.
      if (reason.code === 'worker.draining' || reason.code === 'bus.peer_lost')
        throw new AppError(reason.code, { usage });
      // No data was generated, so there is no usage.
      if (reason.code === 'inference.engine_unavailable') throw reason;
      return { usage, cancelled: true };
    }
    if (collector !== undefined) output.data(Buffer.from(JSON.stringify([collector.choice()])));
    return { usage, cancelled: false };
  }
}

/** Work that its own deadline stopped has failed for the client too, although the end frame says that it was cancelled. */
function resultOf(
  input: WorkInput,
  { output: { signal }, begun }: Running,
  usage: GenerationResult['usage'],
  outcome: GenerationResult['outcome'],
): GenerationResult {
  const reason = signal.aborted && outcome !== 'completed' ? AppError.from(signal.reason).code : undefined;
  return {
    ...(usage !== undefined && { usage }),
    outcome: reason === 'inference.deadline_exceeded' ? 'failed' : outcome,
    callerLost: reason === 'bus.peer_lost',
    begun: begun && !isSentAtEnd(input),
  };
}

/** The chunks of a whole chat response are collected; other work sends its data as it is generated. */
function isSentAtEnd(input: WorkInput): boolean {
  return 'chat' in input && input.chat.stream !== true;
}

function isData({ type }: EngineEvent | MediaEvent): boolean {
  return type !== 'head';
}

/** Distinct per choice, since each takes a slot. An id is one subject token of at most 64 characters. */
function workIdOf({ requestId, choiceIndex }: GenerationInput): string {
  return choiceIndex === 0 ? requestId : `${requestId.slice(0, 60)}-${choiceIndex}`;
}
