/**
 * Speech, transcriptions and images of an OpenAI-compatible server. Its response is streamed unchanged; only JSON is buffered
 * until it is complete, so that a truncated document is never sent.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { MediaRoute, MediaTask } from '@xerotier/contracts/xim';
import type { OpenaiConfig } from '../engine-config.ts';
import type { MediaEngine, MediaEvent, MediaJob } from '../engine.ts';
import { MediaEvents, mediaUsageIn } from './media-usage.ts';
import type { UpstreamResponse } from './upstream-client.ts';
import { UpstreamEngine, UpstreamExchange } from './upstream-engine.ts';
import { startsJson, peek } from './upstream-events.ts';
import { formOf } from './upstream-form.ts';

/** Ten large images in base64. */
const JSON_BYTES_MAX = 64 * 2 ** 20;
const RESPONSE_BYTES_MAX = 256 * 2 ** 20;
/** Maximum that is held back to detect an error, which is shorter. */
const HELD_BYTES_MAX = 64 * 2 ** 10;
/** Buffered JSON is yielded in pieces, for backpressure. */
const PIECE_BYTES = 256 * 2 ** 10;

/** Allowed content types. A browser that trusts the platform could execute others. */
const CONTENT_TYPE =
  /^(?:application\/(?:json|x-subrip|octet-stream)|text\/(?:plain|vtt|srt|event-stream)|audio\/[\w.+-]{1,64})(?:\s*;\s*[\w-]{1,32}="?[\w.+-]{1,32}"?){0,2}$/i;

export class OpenaiMediaEngine extends UpstreamEngine implements MediaEngine {
  readonly mediaTask: MediaTask;

  constructor(config: OpenaiConfig, task: MediaTask) {
    super(config);
    this.mediaTask = task;
  }

  async *media(job: MediaJob, signal: AbortSignal): AsyncGenerator<MediaEvent, TokenUsage> {
    if (signal.aborted) return emptyUsage();
    const exchange = new UpstreamExchange(signal);
    const progress = new MediaEvents((event) => this.client.throwError(event));
    try {
      const response = await this.#open(job, exchange.signal);
      const declared = declaredContentType(response);
      const { first, parts } = await peek(response.body as AsyncIterable<Uint8Array>);
      const contentType = detectContentType(declared, first, wantsEvents(job));
      if (isJson(contentType)) return yield* this.#json(parts, contentType, exchange.signal);
      yield* passThrough(parts, contentType, progress);
      return progress.latest;
    } catch (error) {
      if (signal.aborted) return progress.latest;
      throw this.errorOf(error, exchange.signal, progress.latest);
    } finally {
      exchange.end();
    }
  }

  #open({ route, fields, files }: MediaJob, signal: AbortSignal): Promise<UpstreamResponse> {
    const body = { ...fields, model: this.modelName };
    return this.client.send({
      method: 'POST',
      path: `/${route}`,
      body: mediaRoutes[route].form ? formOf(body, files) : body,
      accept: '*/*',
      signal,
      headersTimeoutMs: this.config.responseTimeoutMs,
      idleTimeoutMs: this.#idleTimeoutMs(route),
    });
  }

  /** Between two images of a stream, the server computes the next one. */
  #idleTimeoutMs(route: MediaRoute): number {
    return mediaRoutes[route].task === 'image' ? this.config.responseTimeoutMs : this.config.idleTimeoutMs;
  }

  async *#json(
    body: AsyncIterable<Uint8Array>,
    contentType: string,
    signal: AbortSignal,
  ): AsyncGenerator<MediaEvent, TokenUsage> {
    const { text, json } = await this.client.readJsonText({ body }, JSON_BYTES_MAX, signal);
    yield { type: 'head', contentType };
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES)
      yield { type: 'data', bytes: bytes.subarray(from, from + PIECE_BYTES) };
    return mediaUsageIn(json) ?? emptyUsage();
  }
}

/** @throws an Error when the content type is not allowed. */
function declaredContentType({ headers, body }: UpstreamResponse): string | undefined {
  const contentType = headers['content-type'];
  if (contentType === undefined) return undefined;
  if (CONTENT_TYPE.test(String(contentType))) return String(contentType);
  body.destroy();
  throw new Error('The upstream responded with an unsupported content type.');
}

/** Detects streams and JSON by the first byte: servers send requested streams with other content types, and JSON without one. */
function detectContentType(declared: string | undefined, first: number | undefined, wantsEvents: boolean): string {
  if (wantsEvents && first !== undefined && EVENT_FIRST_BYTES.has(first) && !/^audio\//i.test(declared ?? ''))
    return /^text\/event-stream/i.test(declared ?? '') ? (declared as string) : 'text/event-stream; charset=utf-8';
  // Browsers do not execute `application/octet-stream`.
  return declared ?? (startsJson(first) ? 'application/json' : 'application/octet-stream');
}

/** `data:`, `event:`, `id:`, `retry:`, `: comment` */
const EVENT_FIRST_BYTES: ReadonlySet<number> = new Set(Buffer.from('deir:'));

function wantsEvents({ fields }: MediaJob): boolean {
  return fields['stream'] === true || fields['stream_format'] === 'sse';
}

function isJson(contentType: string): boolean {
  return /^application\/json/i.test(contentType);
}

async function* passThrough(
  parts: AsyncIterable<Uint8Array>,
  contentType: string,
  events: MediaEvents,
): AsyncGenerator<MediaEvent, void> {
  const isStream = /^text\/event-stream/i.test(contentType);
  yield { type: 'head', contentType };
  let length = 0;
  // The first event may be an error, which is an ordinary one as long as no data was sent.
  let held: Uint8Array[] | undefined = isStream ? [] : undefined;
  for await (const bytes of parts) {
    length += bytes.length;
    if (length > RESPONSE_BYTES_MAX) throw new Error(`The response is longer than ${RESPONSE_BYTES_MAX} bytes.`);
    if (isStream) events.push(bytes);
    held?.push(bytes);
    if (held !== undefined && events.count === 0 && length < HELD_BYTES_MAX) continue;
    for (const part of held ?? [bytes]) yield { type: 'data', bytes: part };
    held = undefined;
  }
  events.end();
  for (const part of held ?? []) yield { type: 'data', bytes: part };
}
