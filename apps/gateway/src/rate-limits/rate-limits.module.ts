import { Module } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { LOGGER } from '@xerotier/service-host';
import { REDIS } from '@xerotier/service-host/redis';
import { ManagementLimit } from './management-limit.service.ts';
import { RateLimitsService } from './rate-limits.service.ts';

@Module({
  providers: [
    ManagementLimit,
    {
      provide: RateLimitsService,
      inject: [REDIS, LOGGER],
      useFactory: (redis: RedisClient, log: Logger) => new RateLimitsService(redis, log),
    },
  ],
  exports: [RateLimitsService, ManagementLimit],
})
export class RateLimitsModule {}
