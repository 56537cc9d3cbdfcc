import { Module } from '@nestjs/common';
import { projectEvent } from '@xerotier/contracts/auth';
import {
  conversationsContract,
  responsesContract,
  storedResponsesContract,
  turnsContract,
} from '@xerotier/contracts/responses';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import { JobsModule } from '@xerotier/jobs';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { RedisModule } from '@xerotier/service-host/redis';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { BackgroundModule } from './background/background.module.ts';
import { responseRuns } from './background/response-runs.queue.ts';
import { CompletionsModule } from './completions/completions.module.ts';
import type { ResponsesConfig } from './config.ts';
import { ConversationsModule } from './conversations/conversations.module.ts';
import { database } from './db/database.ts';
import { ResponsesModule } from './responses/responses.module.ts';
import { TurnsModule } from './turns/turns.module.ts';
import { InferenceDrainModule } from './inference/inference-drain.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [responsesContract, conversationsContract, storedResponsesContract, turnsContract] }),
    RedisModule.forRoot(),
    JobsModule.forRoot({
      queues: [responseRuns],
      workers: (_queue, { background }: ResponsesConfig) => ({ concurrency: background.runsMax }),
    }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent] }),
    IdempotencyKeysPurgeModule,
    CompletionsModule,
    ConversationsModule,
    ResponsesModule,
    TurnsModule,
    BackgroundModule,
    InferenceDrainModule,
  ],
})
export class AppModule {}
