import { Module } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import { filesContract } from '@xerotier/contracts/files';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { database } from './db/database.ts';
import { FilesModule } from './files/files.module.ts';
import { UploadsModule } from './uploads/uploads.module.ts';
import { TransfersModule } from './transfers/transfers.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [filesContract] }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent] }),
    IdempotencyKeysPurgeModule,
    FilesModule,
    UploadsModule,
    TransfersModule,
  ],
})
export class AppModule {}
