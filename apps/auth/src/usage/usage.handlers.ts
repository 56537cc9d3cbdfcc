import { Injectable } from '@nestjs/common';
import { usageContract } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { UsageQueriesService } from './usage-queries.service.ts';
import type { UsageInput, UsageOutput } from './usage-queries.service.ts';

const operations = usageContract.operations;

/** Serves the usage contract. */
@Injectable()
export class UsageHandlers {
  constructor(private readonly usage: UsageQueriesService) {}

  @Serves(operations.getUsageTotals)
  totals(input: UsageInput<'getUsageTotals'>): Promise<UsageOutput<'getUsageTotals'>> {
    return this.usage.totals(input);
  }

  @Serves(operations.listUsageDays)
  days(input: UsageInput<'listUsageDays'>): Promise<UsageOutput<'listUsageDays'>> {
    return this.usage.listDays(input);
  }

  @Serves(operations.listUsageGroups)
  groups(input: UsageInput<'listUsageGroups'>): Promise<UsageOutput<'listUsageGroups'>> {
    return this.usage.listGroups(input);
  }

  @Serves(operations.listUsageEvents)
  events(input: UsageInput<'listUsageEvents'>): Promise<UsageOutput<'listUsageEvents'>> {
    return this.usage.listEvents(input);
  }
}
