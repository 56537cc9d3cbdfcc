import { Module } from '@nestjs/common';
import { UsageQueriesService } from './usage-queries.service.ts';
import { UsageConsumer } from './usage.consumer.ts';
import { UsageHandlers } from './usage.handlers.ts';
import { UsageRepository } from './usage.repository.ts';
import { UsageService } from './usage.service.ts';

@Module({
  providers: [UsageConsumer, UsageService, UsageRepository, UsageHandlers, UsageQueriesService],
  exports: [UsageService, UsageRepository],
})
export class UsageModule {}
