import { Module } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import {
  conversationsContract,
  responsesContract,
  storedResponsesContract,
  turnsContract,
} from '@xerotier/contracts/responses';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import { LinkedImagesModule } from '@xerotier/linked-images';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { CompletionsModule } from './completions/completions.module.ts';
import { ConversationsModule } from './conversations/conversations.module.ts';
import { database } from './db/database.ts';
import { ResponsesModule } from './responses/responses.module.ts';
import { TurnsModule } from './turns/turns.module.ts';
import { InferenceDrainModule } from './inference/inference-drain.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [responsesContract, conversationsContract, storedResponsesContract, turnsContract] }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent] }),
    IdempotencyKeysPurgeModule,
    CompletionsModule,
    ConversationsModule,
    ResponsesModule,
    TurnsModule,
    InferenceDrainModule,
    LinkedImagesModule,
  ],
})
export class AppModule {}
