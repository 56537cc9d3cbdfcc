import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import type { ResponsesConfig } from '../config.ts';
import { ProjectRetentions } from '../retention/project-retentions.ts';
import { CompletionsRepository } from './completions.repository.ts';

/** Deletes completions that are older than the retention of their project. */
@Injectable()
export class CompletionsPurge extends PeriodicPurge {
  constructor(
    private readonly retentions: ProjectRetentions,
    private readonly completions: CompletionsRepository,
    @Inject(LOGGER) log: Logger,
    @Inject(CONFIG) { retention }: Pick<ResponsesConfig, 'retention'>,
  ) {
    super('stored completions', log, retention.purgeSeconds * 1_000);
  }

  protected override async *batches(): AsyncGenerator<DeleteBatch> {
    for await (const { projectId, retentionDays } of this.retentions.all())
      yield (batchMax) => this.completions.deleteOlder(projectId, retentionDays, batchMax);
  }
}
