/**
 * A streamed response, validated while it is read: every event must be a single `data:` line, and every chunk must conform to
 * the OpenAI document. The way it ends is distinguished exactly, since clients depend on it.
 */
import { eventually } from '@xerotier/testing';
import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import type { OpenaiSchema } from './openai-schema.ts';

export interface ChunkChoice {
  readonly index: number;
  readonly delta: { readonly role?: string; readonly content?: string | null };
  readonly finish_reason: string | null;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

export interface Chunk {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly service_tier: string;
  readonly system_fingerprint?: string;
  readonly choices: readonly ChunkChoice[];
  readonly usage?: Usage | null;
}

export interface StreamError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/**
 * - `done`: ended with `[DONE]` and nothing after it
 * - `error`: ended with an error event and nothing after it
 * - `truncated`: the body ended without either of them, so that a client takes a partial response for a complete one
 * - `disconnected`: the connection was closed during the body
 */
export type Ending = 'done' | 'error' | 'truncated' | 'disconnected';

export class EventStream {
  readonly requestId: string;
  readonly headers: Headers;
  readonly chunks: Chunk[] = [];
  /** Undefined if events have no ids. */
  lastEventId: number | undefined;
  /** The error of the error event. */
  error: StreamError | undefined;
  /** The raw error event, with its flat fields. */
  errorEvent: Record<string, unknown> | undefined;
  /** Resolves when the stream has ended. */
  readonly ended: Promise<Ending>;
  readonly #schema: OpenaiSchema;
  readonly #abort: AbortController;
  #done = false;
  #violation: Error | undefined;

  constructor(response: Response, schema: OpenaiSchema, abort: AbortController) {
    this.headers = response.headers;
    this.requestId = response.headers.get('x-request-id') ?? '';
    this.#schema = schema;
    this.#abort = abort;
    this.ended = this.#read(response.body as ReadableStream<Uint8Array>);
    // Prevents an unhandled rejection in tests that do not await it.
    this.ended.catch(() => undefined);
  }

  /** Returns the text of a choice so far. */
  text(index = 0): string {
    return this.#choices(index)
      .map(({ delta }) => delta.content ?? '')
      .join('');
  }

  finishReasons(index = 0): string[] {
    return this.#choices(index).flatMap(({ finish_reason: reason }) => (reason === null ? [] : [reason]));
  }

  /** The usage of the last chunk that has one. */
  get usage(): Usage | undefined {
    return this.chunks.findLast(({ usage }) => usage != null)?.usage ?? undefined;
  }

  /** Waits until `count` chunks with text have been received. */
  async textChunks(count: number, timeoutMs = 10_000): Promise<void> {
    await eventually(
      `${count} chunks of text in ${this.requestId}`,
      () => this.chunks.filter(({ choices }) => (choices[0]?.delta.content ?? '') !== '').length >= count,
      timeoutMs,
    );
  }

  /** Disconnects the client. */
  abort(): void {
    this.#abort.abort();
  }

  #choices(index: number): ChunkChoice[] {
    return this.chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<Ending> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const parser = createParser({
      onEvent: (event) => this.#handle(event),
      onComment: (comment) => this.#expectOpen(comment),
      onRetry: (ms) => this.#reject(new Error(`unexpected retry field: ${ms}`)),
      onError: (error) => this.#reject(error),
    });
    let end = '\n\n';
    try {
      for await (const bytes of body) {
        const text = decoder.decode(bytes, { stream: true });
        end = (end + text).slice(-2);
        parser.feed(text);
      }
    } catch (error) {
      if (this.#violation !== undefined) throw error;
      return 'disconnected';
    }
    if (end !== '\n\n') throw new Error('the stream ended within an event');
    if (this.#done) return 'done';
    return this.error === undefined ? 'truncated' : 'error';
  }

  #handle(event: EventSourceMessage): void {
    try {
      this.#parse(event);
    } catch (error) {
      this.#reject(error as Error);
    }
  }

  /** @throws {Error} the given error, so that reading stops. */
  #reject(error: Error): never {
    this.#violation = error;
    this.#abort.abort();
    throw error;
  }

  #expectOpen(next: string): void {
    if (this.#done || this.error !== undefined) this.#reject(new Error(`event after the end of the stream: ${next}`));
  }

  /** Events of completions that are stored are numbered. */
  #expectNext(id: string | undefined): void {
    if (id === undefined ? this.lastEventId !== undefined : id !== String((this.lastEventId ?? Number(id) - 1) + 1))
      throw new Error(`the event after ${this.lastEventId} has the id ${id}`);
    if (id !== undefined) this.lastEventId = Number(id);
  }

  #parse({ event, id, data }: EventSourceMessage): void {
    this.#expectOpen(data);
    if (event !== undefined || data.includes('\n'))
      throw new Error(`expected a single data line, got: ${JSON.stringify({ event, id, data })}`);
    this.#expectNext(id);
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    const value = JSON.parse(data) as Record<string, unknown>;
    if ('error' in value) {
      this.#schema.expectValid('ErrorResponse', { error: value['error'] });
      this.errorEvent = value;
      this.error = value['error'] as StreamError;
    } else {
      this.chunks.push(this.#schema.expectValid('CreateChatCompletionStreamResponse', value) as unknown as Chunk);
    }
  }
}
