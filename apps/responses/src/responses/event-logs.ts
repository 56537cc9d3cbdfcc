import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { ensure } from '@xerotier/errors';
import type { AppError } from '@xerotier/errors';
import { open } from '@xerotier/sealing';
import { EventLog, eventsContext } from './event-log.ts';
import type { ResponseEvent } from './response-event.entity.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import type { ResponseClaim, ResponseProgress } from './response-runs.repository.ts';
import { ResponseSignals } from './response-signals.ts';
import type { ResponseKey } from './responses.repository.ts';

/** Of a page: what a reader has in memory at a time. */
const ROWS_MAX = 32;

/** The logs of events of responses. */
@Injectable()
export class EventLogs {
  constructor(
    private readonly runs: ResponseRunsRepository,
    private readonly dataKeys: DataKeysService,
    private readonly signals: ResponseSignals,
  ) {}

  /** @throws {AppError} `db.unavailable`. */
  async open(
    claim: ResponseClaim,
    options: {
      readonly first: number;
      readonly intervalMs: number;
      readonly ready?: Promise<void> | undefined;
      readonly onLost: (error: AppError) => void;
    },
  ): Promise<EventLog> {
    return new EventLog({
      ...options,
      claim,
      ready: options.ready,
      key: await this.dataKeys.getOrCreate(claim.projectId),
      runs: this.runs,
      onAppended: () => this.signals.changed(claim.id, false),
    });
  }

  /**
   * Returns how far a response is, and the events after a number, in their order, as JSON: a page of them. Those of one that has ended
   * are all there.
   * @throws {AppError} `response.not_found`, `db.unavailable`.
   */
  async read(
    response: ResponseKey,
    after: number,
  ): Promise<{ progress: ResponseProgress; events: NumberedEvent[]; hasMore: boolean }> {
    const { projectId, id } = response;
    const { progress, rows } = await this.runs.transaction(projectId, async (manager) => {
      // Before the events, which others add meanwhile.
      const found = ensure(await this.runs.findProgress(manager, response), 'response.not_found', { response: id });
      return { progress: found, rows: await this.runs.eventsAfter(manager, response, after, ROWS_MAX) };
    });
    if (rows.length === 0) return { progress, events: [], hasMore: false };
    const key = await this.dataKeys.get(projectId);
    const events = rows.flatMap((row) => eventsIn(key, row)).filter(({ number }) => number > after);
    return { progress, events, hasMore: rows.length === ROWS_MAX };
  }

  /** Returns all events. @throws {AppError} `db.unavailable`. */
  async readAll(response: ResponseKey): Promise<string[]> {
    const { projectId } = response;
    const rows = await this.runs.transaction(projectId, (manager) => this.runs.eventsAfter(manager, response, -1));
    if (rows.length === 0) return [];
    const key = await this.dataKeys.get(projectId);
    return rows.flatMap((row) => eventsIn(key, row)).map(({ json }) => json);
  }

  /** Returns how many events a response has. @throws {AppError} `db.unavailable`. */
  count(response: ResponseKey): Promise<number> {
    return this.runs.transaction(response.projectId, (manager) => this.runs.countEvents(manager, response));
  }
}

export interface NumberedEvent {
  readonly number: number;
  readonly json: string;
}

/** @returns the events that were written together. */
export function eventsIn(key: Buffer, row: ResponseEvent): NumberedEvent[] {
  const { projectId, responseId: id, first, content } = row;
  return open(key, content, eventsContext({ projectId, id }, first))
    .toString('utf8')
    .split('\n')
    .map((json, at) => ({ number: first + at, json }));
}
