import { Injectable } from '@nestjs/common';
import { usageReported } from '@xerotier/contracts/inference';
import type { UsageReport } from '@xerotier/contracts/inference';
import { Consumes } from '@xerotier/service-host';
import { UsageReportsService } from './usage-reports.service.ts';

/** Moves the reports of workers from JetStream into the database. Acknowledged after the commit. */
@Injectable()
export class UsageReportsConsumer {
  constructor(private readonly reports: UsageReportsService) {}

  // Replicas share this name, and so the work.
  @Consumes(usageReported, { durable: 'auth-usage-reports' })
  store(reports: UsageReport[]): Promise<void> {
    return this.reports.store(reports);
  }
}
