import { Inject, Injectable } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { ResponsesConfig } from '../config.ts';
import { CompletionsRepository } from './completions.repository.ts';

const { listRetentions } = projectsContract.operations;

/** Projects per call. */
const PROJECTS_MAX = 1_000;
/** After which time settings are read again, since a purge may take long. */
const FRESH_MS = 30_000;

/**
 * Deletes completions that are older than the retention of their project, as auth tells it now: nothing is deleted by a setting
 * that has changed, or while auth is unavailable (ADR 0035).
 */
@Injectable()
export class CompletionsPurge extends PeriodicPurge {
  constructor(
    private readonly bus: Bus,
    private readonly completions: CompletionsRepository,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { retention }: Pick<ResponsesConfig, 'retention'>,
  ) {
    super('stored completions', log, retention.purgeSeconds * 1_000);
  }

  protected override async *batches(): AsyncGenerator<DeleteBatch> {
    let after: string | undefined;
    let isComplete: boolean;
    do {
      const input = { limit: PROJECTS_MAX, ...(after !== undefined && { after }) };
      const { data, hasMore } = await this.bus.call(listRetentions, input);
      const readAt = performance.now();
      isComplete = !hasMore;
      for (const { projectId, retentionDays } of data) {
        if (performance.now() - readAt > FRESH_MS) {
          isComplete = false;
          break;
        }
        yield (batchMax) => this.completions.deleteOlder(projectId, retentionDays, batchMax);
        after = projectId;
      }
    } while (!isComplete);
  }
}
