/** The events of a running response, which are written together, a few times a second. */
import { AppError } from '@xerotier/errors';
import { seal } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import type { ResponseEvent } from './response-event.entity.ts';
import type { ResponseClaim, ResponseRunsRepository } from './response-runs.repository.ts';
import type { ResponseKey } from './responses.repository.ts';

export interface EventLogOptions {
  readonly claim: ResponseClaim;
  readonly key: Buffer;
  readonly runs: ResponseRunsRepository;
  /** Number of the first event. */
  readonly first: number;
  readonly intervalMs: number;
  /** Nothing is written before. */
  readonly ready: Promise<void> | undefined;
  /** Called after events were committed. */
  readonly onAppended: () => void;
  /** Called once, when another process has the response, it was cancelled, or it cannot be written. */
  readonly onLost: (error: AppError) => void;
}

export type EventBatch = Pick<ResponseEvent, 'first' | 'last' | 'content'>;

/** While the database is unavailable. */
const RETRY_MS = 500;

export class EventLog {
  readonly #options: EventLogOptions;
  #pending: string[] = [];
  #first: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** Sent to the database, and not known to be stored. It is sent again as it is, since it may be. */
  #unconfirmed: EventBatch | undefined;
  #isClosed = false;
  #failure: AppError | undefined;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#first = options.first;
  }

  /** Adds the next event. */
  add(json: string): void {
    if (this.#failure !== undefined) return;
    this.#pending.push(json);
    this.#schedule(this.#options.intervalMs);
  }

  /**
   * Writes nothing any more, and returns what is not known to be stored, for the end of the response.
   * @throws {AppError} why it was lost: what comes after events that are not stored must not be stored either.
   */
  async close(): Promise<EventBatch[]> {
    this.discard();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    return [this.#unconfirmed, this.#take()].filter((batch) => batch !== undefined);
  }

  /** Writes nothing any more. */
  discard(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#flush();
  }

  #take(): EventBatch | undefined {
    const events = this.#pending;
    if (events.length === 0) return undefined;
    const first = this.#first;
    const last = first + events.length - 1;
    this.#pending = [];
    this.#first = last + 1;
    return { first, last, content: sealEvents(this.#options.key, this.#options.claim, first, events) };
  }

  #flush(): Promise<void> {
    this.#timer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#unconfirmed !== undefined) this.#schedule(RETRY_MS);
      else if (this.#pending.length > 0) this.#schedule(this.#options.intervalMs);
    });
    return this.#writing;
  }

  #schedule(afterMs: number): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    this.#timer ??= setTimeout(() => void this.#flush(), afterMs);
  }

  async #write(): Promise<void> {
    const { claim, runs, ready, onAppended } = this.#options;
    try {
      await ready;
    } catch (error) {
      return this.#lose(AppError.from(error));
    }
    try {
      this.#unconfirmed ??= this.#take();
      if (this.#unconfirmed === undefined) return;
      if (!(await runs.appendEvents(claim, this.#unconfirmed))) return this.#lose(new AppError('response.lost'));
      this.#unconfirmed = undefined;
      onAppended();
    } catch (error) {
      const failure = AppError.from(error);
      // Its lease ends an outage that lasts.
      if (!failure.retryable) this.#lose(failure);
    }
  }

  #lose(error: AppError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#pending = [];
    this.#unconfirmed = undefined;
    this.#options.onLost(error);
  }
}

export function sealEvents(key: Buffer, response: ResponseKey, first: number, events: readonly string[]): Buffer {
  return seal(key, events.join('\n'), eventsContext(response, first));
}

/** The events of another response or place do not open with this context. */
export function eventsContext({ projectId, id }: ResponseKey, first: number): EncryptionContext {
  return ['responses.response_event', projectId, id, String(first)];
}
