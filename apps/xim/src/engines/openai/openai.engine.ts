/**
 * Any OpenAI-compatible server as an engine: vLLM, SGLang, llama-server, Ollama. The request goes there nearly as it came,
 * and what comes back is passed on nearly as it came; usage is the server's own, and a cancelled generation is ended by
 * closing its connection.
 */
import type { TokenUsage } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import { headEvent } from '../chunk-events.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import type { Engine, EngineEvent, EngineJob, EngineParameter } from '../engine.ts';
import { noUsage } from '../usage.ts';
import { SseParser } from './sse-parser.ts';
import { ChunkReader, estimateCompletionTokens, readAnswer } from './upstream-answer.ts';
import { UpstreamClient } from './upstream-client.ts';
import type { UpstreamResponse } from './upstream-client.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';
import { fitLimit, lowerLimit, upstreamBody } from './upstream-request.ts';
import type { FittedRequest } from './upstream-request.ts';
import { wantsThoughts } from './upstream-thoughts.ts';
import { estimateUsage } from './upstream-usage.ts';

const CONTEXT_TOKENS_DEFAULT = 8_192;
const EVENT_LENGTH_MAX = 8 * 2 ** 20;
const ANSWER_BYTES_MAX = 64 * 2 ** 20;
const STREAM_BYTES_MAX = 2 ** 30;
/**
 * How long the head waits for the server's answer. A server that refuses does so within this time, and the caller can
 * then go elsewhere; one that computes first and answers later must not hold the head back.
 */
const HEAD_GRACE_MS = 250;
/** After the end of a stream the server gets this long to end its answer, so that the connection can be used again. */
const DONE_GRACE_MS = 1_000;

/** What an exchange has brought so far; it is there also when the exchange fails. */
interface Progress {
  usage: TokenUsage;
}

export class OpenaiEngine implements Engine {
  readonly name = 'openai';
  readonly slots: number;
  readonly fingerprint = undefined;
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>([
    'tools',
    'logprobs',
    'reasoning_effort',
    'prediction',
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'response_format',
    'seed',
    'image_parts',
    'audio_parts',
    'file_parts',
  ]);
  readonly #config: OpenaiConfig;
  readonly #client: UpstreamClient;
  readonly #closing = new AbortController();
  #model: UpstreamModel | undefined;

  constructor(config: OpenaiConfig) {
    this.#config = config;
    this.slots = config.slots;
    this.#client = new UpstreamClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      connections: config.slots + 1,
    });
  }

  /** Known for sure once the server was reached. */
  get contextTokens(): number {
    return this.#config.contextTokens ?? this.#model?.contextTokens ?? CONTEXT_TOKENS_DEFAULT;
  }

  async *generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage> {
    if (signal.aborted) return noUsage();
    const progress: Progress = { usage: estimateUsage(job.request, 0) };
    const exchange = new AbortController();
    const stop = (): void => exchange.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const fitted = fitLimit(job.request, this.contextTokens);
      const opening = this.#open(job, fitted, exchange.signal);
      // It is waited for below, unless the caller leaves after the head.
      opening.catch(() => undefined);
      await orTimeout(opening, HEAD_GRACE_MS);
      const { clampedFrom } = fitted;
      yield headOf(job, fitted);
      const response = await opening;
      // A slow server may have refused the limit only after the head was out.
      if (fitted.clampedFrom !== clampedFrom) yield headOf(job, fitted);
      if (job.request.stream === true) yield* this.#stream(job, fitted, response, exchange, progress);
      else yield* this.#answer(job, fitted, response, exchange.signal, progress);
      return progress.usage;
    } catch (error) {
      if (signal.aborted) return progress.usage;
      if (this.#closing.signal.aborted) throw new AppError('worker.draining', { usage: progress.usage });
      const failure = this.#client.failure(error, exchange.signal);
      if (!AppError.is(failure) || failure.code !== 'inference.engine_failed') throw failure;
      throw new AppError(
        'inference.engine_failed',
        { ...failure.details, usage: progress.usage },
        { cause: failure.cause },
      );
    } finally {
      signal.removeEventListener('abort', stop);
      exchange.abort();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    this.#model = await findModel(this.#client, this.#config.model, AbortSignal.any([signal, this.#closing.signal]));
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError('worker.draining'));
    await this.#client.close();
  }

  /**
   * Sends the request. A limit that the server has no room for is lowered to the room that it names, once: a limit is
   * clamped, never refused.
   */
  async #open(job: EngineJob, fitted: FittedRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    try {
      return await this.#post(job, fitted, signal);
    } catch (error) {
      if (!AppError.is(error) || !lowerLimit(fitted, error)) throw error;
      return this.#post(job, fitted, signal);
    }
  }

  #post(job: EngineJob, fitted: FittedRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    const model = this.#model?.id ?? this.#config.model;
    if (model === undefined) throw new Error('The engine was asked for a generation before it was ready.');
    const streamed = job.request.stream === true;
    return this.#client.send({
      method: 'POST',
      path: '/chat/completions',
      body: upstreamBody(fitted, model),
      accept: streamed ? 'text/event-stream' : 'application/json',
      signal,
      headersTimeoutMs: streamed ? this.#config.firstByteTimeoutMs : this.#config.answerTimeoutMs,
      idleTimeoutMs: this.#config.idleTimeoutMs,
    });
  }

  async *#answer(
    job: EngineJob,
    fitted: FittedRequest,
    response: UpstreamResponse,
    signal: AbortSignal,
    progress: Progress,
  ): AsyncGenerator<EngineEvent, void> {
    const json = await this.#client.readJson(response, ANSWER_BYTES_MAX, signal);
    const { choice, usage, fingerprint } = readAnswer(json, job.choiceIndex, wantsThoughts(job.request), (error) =>
      this.#client.reasonIn(error),
    );
    progress.usage = usage ?? estimateUsage(job.request, estimateCompletionTokens(choice));
    if (fingerprint !== undefined) yield headOf(job, fitted, fingerprint);
    yield { type: 'answer', choices: [choice] };
  }

  async *#stream(
    job: EngineJob,
    fitted: FittedRequest,
    response: UpstreamResponse,
    exchange: AbortController,
    progress: Progress,
  ): AsyncGenerator<EngineEvent, void> {
    const reader = new ChunkReader(job.choiceIndex, wantsThoughts(job.request), (error) =>
      this.#client.reasonIn(error),
    );
    let patience: NodeJS.Timeout | undefined;
    let begun = false;
    try {
      for await (const data of events(response)) {
        if (data === '[DONE]') {
          patience ??= setTimeout(() => exchange.abort(), DONE_GRACE_MS);
          continue;
        }
        const choices = reader.read(data);
        progress.usage = reader.usage ?? { ...progress.usage, completionTokens: reader.contentChunks };
        if (choices.length === 0) continue;
        if (!begun && reader.fingerprint !== undefined) yield headOf(job, fitted, reader.fingerprint);
        begun = true;
        yield { type: 'chunk', choices };
      }
    } catch (error) {
      // Once the answer is complete, nothing that happens to the connection can take it back.
      if (!reader.finished) throw error;
    } finally {
      clearTimeout(patience);
    }
    if (!reader.finished) throw new Error('The stream ended before the answer was finished.');
  }
}

/** With the fingerprint only once the server has told it, which it does with the first part of its answer. */
function headOf({ request }: EngineJob, { clampedFrom }: FittedRequest, fingerprint?: string): EngineEvent {
  return headEvent(clampedFrom, request.reasoning_effort, fingerprint);
}

/** The data of the events of a stream. Leaving the loop closes the connection. */
async function* events({ headers, body }: UpstreamResponse): AsyncGenerator<string, void> {
  if (!String(headers['content-type']).startsWith('text/event-stream')) {
    body.destroy();
    throw new Error('The upstream did not stream its answer.');
  }
  const parser = new SseParser(EVENT_LENGTH_MAX);
  let bytes = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > STREAM_BYTES_MAX) throw new Error(`The stream is longer than ${STREAM_BYTES_MAX} bytes.`);
    yield* parser.push(part);
  }
  yield* parser.end();
}

/** Settles as the promise does, or resolves when the time is over. */
async function orTimeout(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([promise, time]);
  } finally {
    clearTimeout(timer);
  }
}
