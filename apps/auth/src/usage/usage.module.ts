import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UsageEvent } from './usage-event.entity.ts';
import { UsageConsumer } from './usage.consumer.ts';
import { UsageRepository } from './usage.repository.ts';
import { UsageService } from './usage.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([UsageEvent])],
  providers: [UsageConsumer, UsageService, UsageRepository],
})
export class UsageModule {}
