import { Module } from '@nestjs/common';
import { UsageConsumer } from './usage.consumer.ts';
import { UsageRepository } from './usage.repository.ts';
import { UsageService } from './usage.service.ts';

@Module({ providers: [UsageConsumer, UsageService, UsageRepository] })
export class UsageModule {}
