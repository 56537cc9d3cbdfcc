import { Global, Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient, redisSettings } from '@xerotier/redis';
import { ServiceIdentity } from '../service-identity.ts';
import { CONFIG, LOGGER } from '../tokens.ts';

/** Injection token of the `RedisClient`. */
export const REDIS = Symbol('REDIS');

interface RedisConfig {
  readonly redis: ConfigOf<typeof redisSettings>;
}

/**
 * A Redis client that reconnects indefinitely; see `connectRedis`. It adds no readiness check: callers must define
 * their behaviour without Redis.
 */
@Global()
@Module({})
export class RedisModule implements OnApplicationShutdown {
  static forRoot(): DynamicModule {
    return {
      module: RedisModule,
      providers: [
        {
          provide: REDIS,
          inject: [CONFIG, ServiceIdentity, LOGGER],
          useFactory: ({ redis }: RedisConfig, { connectionName }: ServiceIdentity, log: Logger) =>
            connectRedis({ url: redis.url, name: connectionName, log }),
        },
      ],
      exports: [REDIS],
    };
  }

  constructor(@Inject(REDIS) private readonly redis: RedisClient) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
