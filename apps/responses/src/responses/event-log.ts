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

export class EventLog {
  readonly #options: EventLogOptions;
  #pending: string[] = [];
  #first: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#first = options.first;
  }

  /** Adds the next event. */
  add(json: string): void {
    this.#pending.push(json);
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.#flush(), this.#options.intervalMs);
  }

  /** Writes nothing any more, and returns what was not written, to be stored with the end of the response. */
  async close(): Promise<Pick<ResponseEvent, 'first' | 'last' | 'content'> | undefined> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    return this.#take();
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#flush();
  }

  #take(): Pick<ResponseEvent, 'first' | 'last' | 'content'> | undefined {
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
      if (this.#pending.length > 0 && !this.#isClosed)
        this.#timer ??= setTimeout(() => void this.#flush(), this.#options.intervalMs);
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { claim, runs, ready, onAppended, onLost } = this.#options;
    try {
      await ready;
      const events = this.#take();
      if (events === undefined) return;
      if (await runs.appendEvents(claim, events)) onAppended();
      else onLost(new AppError('response.lost'));
    } catch (error) {
      onLost(AppError.from(error));
    }
  }
}

export function sealEvents(key: Buffer, response: ResponseKey, first: number, events: readonly string[]): Buffer {
  return seal(key, events.join('\n'), eventsContext(response, first));
}

/** The events of another response or place do not open with this context. */
export function eventsContext({ projectId, id }: ResponseKey, first: number): EncryptionContext {
  return ['responses.response_event', projectId, id, String(first)];
}
