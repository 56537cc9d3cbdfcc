import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { BatchesRepository } from './batches.repository.ts';

@Injectable()
export class DryRunsPurge extends PeriodicPurge {
  constructor(
    private readonly repository: BatchesRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super('dry runs of batches', log);
  }

  protected override *batches(): Generator<DeleteBatch> {
    yield (batchMax) => this.repository.deleteDryRuns(batchMax);
  }
}
