import { Module } from '@nestjs/common';
import { IdempotencyKeysPurge } from './idempotency-keys-purge.ts';

/** For the service only: commands make changes too, but end at once. */
@Module({ providers: [IdempotencyKeysPurge] })
export class IdempotencyKeysPurgeModule {}
