/**
 * An OpenAI-compatible server that makes sound, reads sound or paints. What it answers is passed on as it comes, byte for
 * byte; only JSON waits until it is whole, so that half of it never looks like an answer.
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
import { beginsJson, peek } from './upstream-events.ts';
import { formOf } from './upstream-form.ts';

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
      const told = toldContentType(response);
      const { first, parts } = await peek(response.body as AsyncIterable<Uint8Array>);
      const contentType = seenContentType(told, first, wantsEvents(job));
      if (isJson(contentType)) return yield* this.#json(parts, contentType, exchange.signal);
      yield* passedOn(parts, contentType, progress);
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

  /** Between two images of a stream lies the computation of one. */
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
