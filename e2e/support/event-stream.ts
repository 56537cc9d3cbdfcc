/**
 * A streamed answer, read as it comes and checked while it is read: every event has to be one `data:` line, and every
 * chunk has to fit the OpenAI document. How it ended is told apart exactly, since that is what a client acts upon.
 */
import { eventually } from '@xerotier/testing';
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
 * - `done`: ended by `[DONE]`, and nothing came after it
 * - `error`: ended by an error event, and nothing came after it
 * - `silent`: the body ended in order, but neither of them came: a client takes half an answer for a whole one
 * - `cut`: the connection broke
 */
export type Ending = 'done' | 'error' | 'silent' | 'cut';

export class EventStream {
  readonly requestId: string;
  readonly headers: Headers;
  readonly chunks: Chunk[] = [];
  /** Comments, such as keep-alives. */
  readonly comments: string[] = [];
  /** The error event that ended it. */
  error: StreamError | undefined;
  /** The error event as it came, with its flat fields. */
  errorEvent: Record<string, unknown> | undefined;
  /** How it ended, once it has. */
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
    // Looked at by whoever awaits it; a test that does not must not fail by an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  /** What a choice says so far. */
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

  /** Waits until so many chunks with text are here. */
  async textChunks(count: number, timeoutMs = 10_000): Promise<void> {
    await eventually(
      `${count} chunks of text in ${this.requestId}`,
      () => this.chunks.filter(({ choices }) => (choices[0]?.delta.content ?? '') !== '').length >= count,
      timeoutMs,
    );
  }

  /** Goes away, as a client that closes its connection does. */
  abort(): void {
    this.#abort.abort();
  }

  #choices(index: number): ChunkChoice[] {
    return this.chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<Ending> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    try {
      for await (const bytes of body) {
        text += decoder.decode(bytes, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() as string;
        for (const event of events) this.#take(event);
      }
    } catch (error) {
      if (this.#violation !== undefined) throw error;
      return 'cut';
    }
    if (text !== '') throw new Error(`The stream ended in the middle of an event: ${JSON.stringify(text)}`);
    if (this.#done) return 'done';
    return this.error === undefined ? 'silent' : 'error';
  }

  #take(event: string): void {
    try {
      this.#parse(event);
    } catch (error) {
      this.#violation = error as Error;
      this.#abort.abort();
      throw error;
    }
  }

  #parse(event: string): void {
    if (this.#done || this.error !== undefined) throw new Error(`An event after the end: ${event}`);
    if (event.startsWith(': ')) {
      this.comments.push(event);
      return;
    }
    if (!event.startsWith('data: ') || event.includes('\n')) throw new Error(`Not one data line: ${event}`);
    const data = event.slice('data: '.length);
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
