import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { ResponsesConfig } from '../config.ts';
import { ProjectRetentions } from '../retention/project-retentions.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import { ResponsesService } from './responses.service.ts';

/** Of projects that have set none, as with OpenAI. */
export const RETENTION_DAYS = 30;

/** Deletes responses that are older than the retention of their project. */
@Injectable()
export class ResponsesPurge extends PeriodicPurge {
  constructor(
    private readonly retentions: ProjectRetentions,
    private readonly responses: ResponsesService,
    private readonly runs: ResponseRunsRepository,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { retention }: Pick<ResponsesConfig, 'retention'>,
  ) {
    super('responses', log, retention.purgeSeconds * 1_000);
  }

  protected override async *batches(): AsyncGenerator<DeleteBatch> {
    const own = new Set<string>();
    for await (const { projectId, retentionDays } of this.retentions.all()) {
      own.add(projectId);
      yield (batchMax) => this.responses.deleteOlder(projectId, retentionDays, batchMax);
    }
    for (const projectId of await this.runs.listProjectsWithOlder(RETENTION_DAYS))
      if (!own.has(projectId)) yield (batchMax) => this.responses.deleteOlder(projectId, RETENTION_DAYS, batchMax);
  }
}
