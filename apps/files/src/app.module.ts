import { Module } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import { filesContract } from '@xerotier/contracts/files';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import { JobsModule } from '@xerotier/jobs';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { RedisModule } from '@xerotier/service-host/redis';
import { AssemblyModule } from './assembly/assembly.module.ts';
import type { FilesConfig } from './config.ts';
import { database } from './db/database.ts';
import { FilesModule } from './files/files.module.ts';
import { modelAssemblies } from './uploads/model-assemblies.queue.ts';
import { UploadsModule } from './uploads/uploads.module.ts';
import { TransfersModule } from './transfers/transfers.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [filesContract] }),
    RedisModule.forRoot(),
    JobsModule.forRoot({
      queues: [modelAssemblies],
      workers: (_queue, { models }: FilesConfig) => ({ concurrency: models.max }),
    }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent] }),
    IdempotencyKeysPurgeModule,
    FilesModule,
    UploadsModule,
    TransfersModule,
    AssemblyModule,
  ],
})
export class AppModule {}
