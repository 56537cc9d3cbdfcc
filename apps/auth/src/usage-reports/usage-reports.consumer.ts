import { Injectable } from '@nestjs/common';
import { usageReported } from '@xerotier/contracts/inference';
import type { UsageReport } from '@xerotier/contracts/inference';
import { Consumes } from '@xerotier/service-host';
import { UsageReportsService } from './usage-reports.service.ts';

/** Replicas share this name, and so the work. */
export const REPORTS_CONSUMER = 'auth-usage-reports';

/** Moves the reports of workers from JetStream into the database. Acknowledged after the commit. */
@Injectable()
export class UsageReportsConsumer {
  constructor(private readonly reports: UsageReportsService) {}

  @Consumes(usageReported, { durable: REPORTS_CONSUMER })
  store(reports: UsageReport[]): Promise<void> {
    return this.reports.store(reports);
  }
}
