/**
 * Runs generations on the engine: never more than its slots, whoever asks. The router should know; the worker makes
 * sure, since several routers, or none, may send it work.
 */
import { ChoiceCollector } from '@xerotier/chat-choices';
import { encodeScore, encodeVector } from '@xerotier/contracts';
import type {
  EmbeddingInput,
  generationEnd,
  generationHead,
  GenerationInput,
  mediaHead,
  MediaInput,
  RankingInput,
  TokenUsage,
} from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { z } from 'zod';
import type { Engine, EngineEvent, MediaEvent } from '../engines/engine.ts';
import { rankByEmbeddings } from '../engines/rank-by-embeddings.ts';
import { noUsage } from '../engines/usage.ts';
import { refuseUnsupported } from './unsupported-parameters.ts';

interface Output<H extends z.ZodType> {
  readonly signal: AbortSignal;
  abort(reason: AppError): void;
  head(head: z.input<H>): void;
  data(payload: Uint8Array): void;
  paused(): Promise<void> | undefined;
}

/** What a generation writes to: the part of a served stream that it needs. */
export type GenerationOutput = Output<typeof generationHead>;
export type MediaOutput = Output<typeof mediaHead>;

type End = z.input<typeof generationEnd>;

export class GenerationsService {
  readonly #engine: Engine;
  readonly #workerId: string;
  readonly #log: Logger;
  readonly #active = new Set<{ readonly id: string; readonly output: Pick<GenerationOutput, 'abort'> }>();
  #draining = false;
  #idle: (() => void) | undefined;

  constructor(engine: Engine, workerId: string, log: Logger) {
    this.#engine = engine;
    this.#workerId = workerId;
    this.#log = log;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Lease ids of what runs; work without a lease shows its request and choice. */
  active(): string[] {
    return [...this.#active].map(({ id }) => id);
  }

  /**
   * Runs one generation to its end.
   * @returns what was used; `cancelled` when the caller stopped it or its time was over.
   * @throws {AppError} `worker.busy`, `worker.draining`, `request.unsupported_parameter`, `inference.*`. When tokens were
   * generated before the failure, `details.usage` counts them.
   */
  run(input: GenerationInput, output: GenerationOutput): Promise<End> {
    return this.#inSlot(input.leaseId ?? nameOf(input), output, () => {
      refuseUnsupported(input.chat, this.#engine.parameters);
      return this.#generate(input, output);
    });
  }

  /**
   * Writes the vectors of all inputs, one frame each.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine makes no vectors.
   */
  embed({ inputs, dimensions, leaseId, requestId }: EmbeddingInput, output: GenerationOutput): Promise<End> {
    return this.#inSlot(leaseId ?? requestId, output, () => {
      const paramOf = (index: number): string => (inputs.length === 1 ? 'input' : `input[${index}]`);
      const vectors = this.#engine.embed?.({ inputs, dimensions, paramOf }, output.signal);
      if (vectors === undefined) throw new AppError('inference.task_unsupported', { task: 'compute embeddings' });
      return this.#numbers(vectors, encodeVector, output);
    });
  }

  /**
   * Writes the scores of all documents, one frame each: the model's own where it ranks, else the similarity of embeddings.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine can do neither.
   */
  rank(
    { queries, documents, documentTokensMax, leaseId, requestId }: RankingInput,
    output: GenerationOutput,
  ): Promise<End> {
    return this.#inSlot(leaseId ?? requestId, output, () => {
      const job = { queries, documents, documentTokensMax };
      const scores = this.#engine.rank?.(job, output.signal) ?? rankByEmbeddings(this.#engine, job, output.signal);
      return this.#numbers(scores, encodeScore, output);
    });
  }

  /**
   * Writes the bytes of an audio or image answer.
   * @throws {AppError} as `run`; `inference.task_unsupported` when the engine or its model is for other work.
   */
  media({ route, fields, files, leaseId, requestId }: MediaInput, output: MediaOutput): Promise<End> {
    return this.#inSlot(leaseId ?? requestId, output, () => {
      const job = { route, fields, files: files.map((file) => ({ ...file, data: Buffer.from(file.data, 'base64') })) };
      const events = this.#engine.media?.(job, output.signal);
      if (events === undefined) throw new AppError('inference.task_unsupported', { task: `answer ${route}` });
      return this.#media(events, output);
    });
  }

  async #inSlot(id: string, output: Pick<GenerationOutput, 'abort'>, work: () => Promise<End>): Promise<End> {
    if (this.#draining) throw new AppError('worker.draining');
    if (this.#active.size >= this.#engine.slots) throw new AppError('worker.busy');
    const entry = { id, output };
    this.#active.add(entry);
    try {
      return await work();
    } finally {
      this.#active.delete(entry);
      if (this.#active.size === 0) this.#idle?.();
    }
  }

  /**
   * Takes nothing new and waits for what runs. Once the signal is aborted, what still runs is ended with
   * `worker.draining`: whoever has seen nothing of it yet asks another worker.
   */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    const stop = (): void => this.#active.forEach(({ output }) => output.abort(new AppError('worker.draining')));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    if (this.#active.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #numbers<T>(
    values: AsyncGenerator<T, TokenUsage>,
    bytesOf: (value: T) => Uint8Array,
    output: GenerationOutput,
  ): Promise<End> {
    let begun = false;
    try {
      for (;;) {
        const next = await values.next();
        if (next.done === true) return this.#finish(next.value, undefined, output);
        if (!begun) this.#write({ type: 'head' }, undefined, output);
        begun = true;
        output.data(bytesOf(next.value));
        const paused = output.paused();
        if (paused !== undefined) await paused;
      }
    } finally {
      await values.return(noUsage());
    }
  }

  async #media(events: AsyncGenerator<MediaEvent, TokenUsage>, output: MediaOutput): Promise<End> {
    try {
      for (;;) {
        const next = await events.next();
        if (next.done === true) return this.#finish(next.value, undefined, output);
        if (next.value.type === 'head') output.head({ workerId: this.#workerId, contentType: next.value.contentType });
        else output.data(next.value.bytes);
        const paused = output.paused();
        if (paused !== undefined) await paused;
      }
    } finally {
      await events.return(noUsage());
    }
  }

  async #generate(input: GenerationInput, output: GenerationOutput): Promise<End> {
    const job = { request: input.chat, choiceIndex: input.choiceIndex, cacheSalt: input.projectId };
    const collector = input.chat.stream === true ? undefined : new ChoiceCollector(input.choiceIndex);
    const events = this.#engine.generate(job, output.signal);
    try {
      for (;;) {
        const next = await events.next();
        if (next.done === true) return this.#finish(next.value, collector, output);
        this.#write(next.value, collector, output);
        const paused = output.paused();
        if (paused !== undefined) await paused;
      }
    } finally {
      // Whatever ended it, the engine must not hold its slot for a generation that nobody pulls.
      await events.return(noUsage());
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
      this.#log.debug('a generation was stopped', { reason: reason.code });
      if (reason.code === 'worker.draining') throw new AppError('worker.draining', { usage });
      return { usage, cancelled: true };
    }
    if (collector !== undefined) output.data(Buffer.from(JSON.stringify([collector.choice()])));
    return { usage, cancelled: false };
  }
}

/** A slot is a slot: choices of one request take one each, and are told apart. An id is one token of 64 characters at most. */
function nameOf({ requestId, choiceIndex }: GenerationInput): string {
  return choiceIndex === 0 ? requestId : `${requestId.slice(0, 60)}-${choiceIndex}`;
}
