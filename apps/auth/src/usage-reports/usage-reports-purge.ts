import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

/** Deletes reports seven days after they were received, if they agree with the ledger. */
@Injectable()
export class UsageReportsPurge extends PeriodicPurge {
  constructor(
    private readonly reports: UsageReportsRepository,
    private readonly generations: ReportedGenerationsRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super('usage reports', log);
  }

  protected override batches(): readonly DeleteBatch[] {
    return [
      (batchMax) => this.reports.deleteChecked(batchMax),
      (batchMax) => this.generations.deleteReconciled(batchMax),
    ];
  }
}
