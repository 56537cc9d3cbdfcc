/**
 * An OpenAI-compatible server that makes sound, reads sound or paints. What it answers is passed on as it comes, byte for
 * byte; only JSON waits until it is whole, so that half of it never looks like an answer.
 */
import { mediaRoutes } from '@xerotier/contracts';
import type { MediaRoute, MediaTask, TokenUsage } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import type { OpenaiConfig } from '../engine-config.ts';
import type { Engine, EngineEvent, EngineParameter, MediaEvent, MediaJob } from '../engine.ts';
import { noUsage } from '../usage.ts';
import { mediaUsageIn, StreamUsage } from './media-usage.ts';
import { UpstreamClient } from './upstream-client.ts';
import type { UpstreamResponse } from './upstream-client.ts';
import { formOf } from './upstream-form.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';

/** Nothing is counted in it; a worker has to name one. */
const CONTEXT_TOKENS_DEFAULT = 8_192;
/** Ten large images in base64. */
const JSON_BYTES_MAX = 64 * 2 ** 20;
const ANSWER_BYTES_MAX = 256 * 2 ** 20;
/** JSON that waited goes on in pieces, so that a slow reader can hold it. */
const PIECE_BYTES = 256 * 2 ** 10;

/** Whatever else a server says could be run by a browser that trusts the platform. */
const CONTENT_TYPE =
  /^(?:application\/(?:json|x-subrip|octet-stream)|text\/(?:plain|vtt|srt|event-stream)|audio\/[\w.+-]{1,64})(?:\s*;\s*[\w-]{1,32}="?[\w.+-]{1,32}"?){0,2}$/i;

const CAPABILITIES: Readonly<Record<MediaTask, string>> = {
  transcribe: 'transcribe audio',
  speak: 'speak',
  image: 'make images',
};

export class OpenaiMediaEngine implements Engine {
  readonly name = 'openai';
  readonly slots: number;
  readonly fingerprint = undefined;
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>();
  readonly #task: MediaTask;
  readonly #config: OpenaiConfig;
  readonly #client: UpstreamClient;
  readonly #closing = new AbortController();
  #model: UpstreamModel | undefined;

  constructor(config: OpenaiConfig, task: MediaTask) {
    this.#task = task;
    this.#config = config;
    this.slots = config.slots;
    this.#client = new UpstreamClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      connections: config.slots + 1,
    });
  }

  get contextTokens(): number {
    return this.#config.contextTokens ?? this.#model?.contextTokens ?? CONTEXT_TOKENS_DEFAULT;
  }

  async *generate(): AsyncGenerator<EngineEvent, TokenUsage> {
    throw new AppError('inference.task_unsupported', { task: 'chat' });
  }

  async *media(job: MediaJob, signal: AbortSignal): AsyncGenerator<MediaEvent, TokenUsage> {
    const { task } = mediaRoutes[job.route];
    if (task !== this.#task) throw new AppError('inference.task_unsupported', { task: CAPABILITIES[task] });
    if (signal.aborted) return noUsage();
    const exchange = new AbortController();
    const stop = (): void => exchange.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const progress = new StreamUsage();
    try {
      const response = await this.#open(job, exchange.signal);
      const contentType = contentTypeOf(response);
      if (/^application\/json/i.test(contentType)) return yield* this.#json(response, contentType, exchange.signal);
      yield* passedOn(response, contentType, progress);
      return progress.latest;
    } catch (error) {
      if (signal.aborted) return progress.latest;
      if (this.#closing.signal.aborted) throw new AppError('worker.draining', { usage: progress.latest });
      throw this.#client.failure(error, exchange.signal);
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

  #open({ route, fields, files }: MediaJob, signal: AbortSignal): Promise<UpstreamResponse> {
    const model = this.#model?.id ?? this.#config.model;
    if (model === undefined) throw new Error('The engine was asked before it was ready.');
    const body = { ...fields, model };
    return this.#client.send({
      method: 'POST',
      path: `/${route}`,
      body: mediaRoutes[route].form ? formOf(body, files) : body,
      accept: '*/*',
      signal,
      headersTimeoutMs: this.#config.answerTimeoutMs,
      idleTimeoutMs: this.#idleTimeoutMs(route),
    });
  }

  /** Between two images of a stream lies the computation of one. */
  #idleTimeoutMs(route: MediaRoute): number {
    return mediaRoutes[route].task === 'image' ? this.#config.answerTimeoutMs : this.#config.idleTimeoutMs;
  }

  async *#json(
    response: UpstreamResponse,
    contentType: string,
    signal: AbortSignal,
  ): AsyncGenerator<MediaEvent, TokenUsage> {
    const { text, json } = await this.#client.readJsonText(response, JSON_BYTES_MAX, signal);
    yield { type: 'head', contentType };
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES)
      yield { type: 'data', bytes: bytes.subarray(from, from + PIECE_BYTES) };
    return mediaUsageIn(json) ?? noUsage();
  }
}

/** @throws an Error when the server answers with what it was not asked for. */
function contentTypeOf({ headers, body }: UpstreamResponse): string {
  const contentType = String(headers['content-type']);
  if (CONTENT_TYPE.test(contentType)) return contentType;
  body.destroy();
  throw new Error('The upstream answered with a content type that is not passed on.');
}

async function* passedOn(
  { body }: UpstreamResponse,
  contentType: string,
  usage: StreamUsage,
): AsyncGenerator<MediaEvent, void> {
  const isStream = /^text\/event-stream/i.test(contentType);
  yield { type: 'head', contentType };
  let length = 0;
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`The answer is longer than ${ANSWER_BYTES_MAX} bytes.`);
    if (isStream) usage.push(bytes);
    yield { type: 'data', bytes };
  }
  usage.end();
}
