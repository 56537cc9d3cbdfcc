/**
 * An OpenAI-compatible server that makes sound, reads sound or paints. What it answers is passed on as it comes, byte for
 * byte; only JSON waits until it is whole, so that half of it never looks like an answer.
 */
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { MediaRoute, MediaTask } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { OpenaiConfig } from '../engine-config.ts';
import type { Engine, EngineEvent, EngineParameter, MediaEvent, MediaJob } from '../engine.ts';
import { noUsage } from '../usage.ts';
import { MediaEvents, mediaUsageIn } from './media-usage.ts';
import { UpstreamClient } from './upstream-client.ts';
import type { UpstreamResponse } from './upstream-client.ts';
import { beginsJson, peek } from './upstream-events.ts';
import { formOf } from './upstream-form.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';

/** Ten large images in base64. */
const JSON_BYTES_MAX = 64 * 2 ** 20;
const ANSWER_BYTES_MAX = 256 * 2 ** 20;
/** Errors are shorter. */
const HELD_BYTES_MAX = 64 * 2 ** 10;
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

  get contextTokens(): number | undefined {
    return this.#config.contextTokens ?? this.#model?.contextTokens;
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
    const progress = new MediaEvents((event) => this.#client.refuseError(event));
    try {
      const response = await this.#open(job, exchange.signal);
      const told = toldContentType(response);
      const { first, parts } = await peek(response.body as AsyncIterable<Uint8Array>);
      const contentType = seenContentType(told, first, wantsEvents(job));
      if (isJson(contentType)) return yield* this.#json(parts, contentType, exchange.signal);
      yield* passedOn(parts, contentType, progress);
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
    body: AsyncIterable<Uint8Array>,
    contentType: string,
    signal: AbortSignal,
  ): AsyncGenerator<MediaEvent, TokenUsage> {
    const { text, json } = await this.#client.readJsonText({ body }, JSON_BYTES_MAX, signal);
    yield { type: 'head', contentType };
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES)
      yield { type: 'data', bytes: bytes.subarray(from, from + PIECE_BYTES) };
    return mediaUsageIn(json) ?? noUsage();
  }
}

/** @throws an Error when the server says that it is something else than was asked for. */
function toldContentType({ headers, body }: UpstreamResponse): string | undefined {
  const contentType = headers['content-type'];
  if (contentType === undefined) return undefined;
  if (CONTENT_TYPE.test(String(contentType))) return String(contentType);
  body.destroy();
  throw new Error('The upstream answered with a content type that is not passed on.');
}

/** What it is, by its first byte: servers send a stream of events, which was asked for, under other names, and JSON under none. */
function seenContentType(told: string | undefined, first: number | undefined, wantsEvents: boolean): string {
  if (wantsEvents && first !== undefined && EVENT_BEGINNINGS.has(first) && !/^audio\//i.test(told ?? ''))
    return /^text\/event-stream/i.test(told ?? '') ? (told as string) : 'text/event-stream; charset=utf-8';
  // No browser runs bytes that nobody has named.
  return told ?? (beginsJson(first) ? 'application/json' : 'application/octet-stream');
}

/** `data:`, `event:`, `id:`, `retry:`, `: comment` */
const EVENT_BEGINNINGS: ReadonlySet<number> = new Set(Buffer.from('deir:'));

function wantsEvents({ fields }: MediaJob): boolean {
  return fields['stream'] === true || fields['stream_format'] === 'sse';
}

function isJson(contentType: string): boolean {
  return /^application\/json/i.test(contentType);
}

async function* passedOn(
  parts: AsyncIterable<Uint8Array>,
  contentType: string,
  events: MediaEvents,
): AsyncGenerator<MediaEvent, void> {
  const isStream = /^text\/event-stream/i.test(contentType);
  yield { type: 'head', contentType };
  let length = 0;
  // The first event may be an error, which is an ordinary one as long as nothing has come.
  let held: Uint8Array[] | undefined = isStream ? [] : undefined;
  for await (const bytes of parts) {
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`The response is longer than ${ANSWER_BYTES_MAX} bytes.`);
    if (isStream) events.push(bytes);
    held?.push(bytes);
    if (held !== undefined && events.count === 0 && length < HELD_BYTES_MAX) continue;
    for (const part of held ?? [bytes]) yield { type: 'data', bytes: part };
    held = undefined;
  }
  events.end();
  for (const part of held ?? []) yield { type: 'data', bytes: part };
}
