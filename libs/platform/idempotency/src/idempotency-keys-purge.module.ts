import { Module } from '@nestjs/common';
import { IdempotencyKeysPurge } from './idempotency-keys-purge.ts';

/** Deletes expired keys while a service runs; its commands, which end at once, do without. Needs `DatabaseModule`. */
@Module({ providers: [IdempotencyKeysPurge] })
export class IdempotencyKeysPurgeModule {}
