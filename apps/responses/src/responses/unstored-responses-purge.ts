import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { EVENTS_KEPT_MS } from './events-purge.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import { ResponsesService } from './responses.service.ts';

const INTERVAL_MS = 60_000;

/** Deletes responses in the background with `store: false`, once their clients have had time to read them. */
@Injectable()
export class UnstoredResponsesPurge extends PeriodicPurge {
  constructor(
    private readonly responses: ResponsesService,
    private readonly runs: ResponseRunsRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super('responses that are not stored', log, INTERVAL_MS);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.#deleteBatch(batchMax);
  }

  async #deleteBatch(batchMax: number): Promise<number> {
    const ended = await this.runs.listUnstored(EVENTS_KEPT_MS, batchMax);
    for (const response of ended) await this.responses.deleteIfExists(response);
    return ended.length;
  }
}
