import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { ResponseRunsRepository } from './response-runs.repository.ts';

/** How long the events of a response can be read after it has ended. */
export const EVENTS_KEPT_MS = 10 * 60_000;

const INTERVAL_MS = 60_000;

/** Deletes the events of responses that have ended some time ago. */
@Injectable()
export class EventsPurge extends PeriodicPurge {
  constructor(
    private readonly runs: ResponseRunsRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super('events of responses', log, INTERVAL_MS);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.runs.deleteEvents(EVENTS_KEPT_MS, batchMax);
  }
}
