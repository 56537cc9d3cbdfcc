import { Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import type { AppError } from '@xerotier/errors';
import { open } from '@xerotier/sealing';
import { EventLog, eventsContext } from './event-log.ts';
import type { ResponseEvent } from './response-event.entity.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import type { ResponseClaim } from './response-runs.repository.ts';
import { ResponseSignals } from './response-signals.ts';
import type { ResponseKey } from './responses.repository.ts';

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

  /** Returns the events after a number, in their order, as JSON. @throws {AppError} `db.unavailable`. */
  async read(response: ResponseKey, after: number): Promise<{ readonly number: number; readonly json: string }[]> {
    const { projectId } = response;
    const rows = await this.runs.transaction(projectId, (manager) => this.runs.eventsAfter(manager, response, after));
    if (rows.length === 0) return [];
    const key = await this.dataKeys.get(projectId);
    return rows.flatMap((row) => eventsIn(key, row)).filter(({ number }) => number > after);
  }
}

function eventsIn(key: Buffer, row: ResponseEvent): { number: number; json: string }[] {
  const { projectId, responseId: id, first, content } = row;
  return open(key, content, eventsContext({ projectId, id }, first))
    .toString('utf8')
    .split('\n')
    .map((json, at) => ({ number: first + at, json }));
}
