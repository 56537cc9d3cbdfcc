import { Module } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import { batchContract } from '@xerotier/contracts/batch';
import { usageRecorded } from '@xerotier/contracts/inference';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import { JobsModule } from '@xerotier/jobs';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { RedisModule } from '@xerotier/service-host/redis';
import { batchRuns } from './batches/batch-runs.queue.ts';
import { BatchesModule } from './batches/batches.module.ts';
import type { BatchConfig } from './config.ts';
import { database } from './db/database.ts';
import { RunsModule } from './runs/runs.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [batchContract] }),
    RedisModule.forRoot(),
    JobsModule.forRoot({
      queues: [batchRuns],
      workers: (_queue, { runs }: BatchConfig) => ({ concurrency: runs.batches }),
    }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent, usageRecorded] }),
    IdempotencyKeysPurgeModule,
    BatchesModule,
    RunsModule,
  ],
})
export class AppModule {}
