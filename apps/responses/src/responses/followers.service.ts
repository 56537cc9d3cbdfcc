import { Injectable } from '@nestjs/common';
import type { storedResponsesContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import type { ResponseStream } from '@xerotier/nats';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { EventLogs } from './event-logs.ts';
import { EVENTS_KEPT_MS } from './events-purge.ts';
import type { ResponseProgress } from './response-runs.repository.ts';
import { ResponseSignals } from './response-signals.ts';
import { ResponsesService } from './responses.service.ts';
import { Turnstile } from './turnstile.ts';
import { obfuscated } from '../turns/obfuscation.ts';

type Follow = z.output<(typeof storedResponsesContract)['operations']['follow']['input']>;
type Stream = Pick<ResponseStream<Record<string, never>>, 'head' | 'data' | 'paused' | 'signal'>;

/** Readers look by themselves this often, in case they are not told. */
const LOOK_MS = 2_000;
/** Fewer than the connections of a process: however many readers come at once, they wait for each other, and no writer for them. */
const LOOKS_AT_ONCE = 4;

/** Writes the events of responses, from any of them on, while they run and for some time afterwards. */
@Injectable()
export class FollowersService {
  readonly #looks = new Turnstile(LOOKS_AT_ONCE);

  constructor(
    private readonly responses: ResponsesService,
    private readonly logs: EventLogs,
    private readonly signals: ResponseSignals,
  ) {}

  /**
   * Writes the events after a number, until the last one.
   * @throws {AppError} `response.not_found`, `response.not_streamed`, `response.events_expired`, `db.unavailable`.
   */
  async follow({ projectId, id, after = -1, obfuscates }: Follow, stream: Stream): Promise<void> {
    let last = after;
    let hasBegun = false;
    let hasChanged = Promise.withResolvers<void>();
    const wake = (): void => hasChanged.resolve();
    const stop = this.signals.onChange(id, wake);
    stream.signal.addEventListener('abort', wake);
    try {
      while (!stream.signal.aborted) {
        hasChanged = Promise.withResolvers();
        const { progress, events, hasMore } = await this.#looks.run(() => this.logs.read({ projectId, id }, last));
        if (!hasBegun) {
          ensureReadable(progress, id);
          stream.head({});
          hasBegun = true;
        }
        for (const { number, json } of events) {
          await stream.paused();
          // Meanwhile deleted, since the reader is slow.
          if (number !== last + 1) throw new AppError('response.events_expired', { response: id });
          stream.data(Buffer.from(obfuscates ? obfuscated(json) : json));
          last = number;
        }
        if (hasMore) continue;
        if (progress.endedAt !== null) return await this.#end(stream, projectId, id, last);
        const timer = setTimeout(wake, LOOK_MS);
        await hasChanged.promise;
        clearTimeout(timer);
      }
    } finally {
      stop();
      stream.signal.removeEventListener('abort', wake);
    }
  }

  /**
   * A client may have seen more than was stored when the process of its response was killed, or ask for what comes after the end: it
   * gets the end in any case.
   */
  async #end(stream: Stream, projectId: string, id: string, last: number): Promise<void> {
    if ((await this.#looks.run(() => this.logs.count({ projectId, id }))) === last + 1) return;
    const response = await this.responses.get({ projectId, id });
    stream.data(Buffer.from(JSON.stringify({ type: endingOf(response), sequence_number: last + 1, response })));
  }
}

function ensureReadable({ streamed, endedAt }: ResponseProgress, id: string): void {
  if (!streamed) throw new AppError('response.not_streamed', { response: id });
  if (endedAt !== null && Date.now() - endedAt.getTime() > EVENTS_KEPT_MS)
    throw new AppError('response.events_expired', { response: id });
}

function endingOf({ status }: PublicResponse): string {
  return `response.${status === 'cancelled' ? 'failed' : status}`;
}
