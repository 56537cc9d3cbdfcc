import { Module } from '@nestjs/common';
import { UsageModule } from '../usage/usage.module.ts';
import { ReconcilerSchedule } from './reconciler-schedule.ts';
import { Reconciler } from './reconciler.ts';
import { ReportChecker } from './report-checker.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import { ReportedGenerationsService } from './reported-generations.service.ts';
import { UsageBacklog } from './usage-backlog.ts';
import { UsageReportsPurge } from './usage-reports-purge.ts';
import { UsageReportsConsumer } from './usage-reports.consumer.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';
import { UsageReportsService } from './usage-reports.service.ts';

@Module({
  imports: [UsageModule],
  providers: [
    UsageReportsConsumer,
    UsageReportsService,
    UsageReportsRepository,
    ReportChecker,
    ReportedGenerationsService,
    ReportedGenerationsRepository,
    UsageBacklog,
    Reconciler,
    ReconcilerSchedule,
    UsageReportsPurge,
  ],
})
export class UsageReportsModule {}
