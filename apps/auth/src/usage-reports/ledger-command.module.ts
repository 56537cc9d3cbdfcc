import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { LedgerCheckService } from './ledger-check.service.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import { ReportedGenerationsService } from './reported-generations.service.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

/** The module of the `ledger` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database)],
  providers: [
    LedgerCheckService,
    UsageRepository,
    UsageReportsRepository,
    ReportedGenerationsRepository,
    ReportedGenerationsService,
  ],
})
export class LedgerCommandModule {}
