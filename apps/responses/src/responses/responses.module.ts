import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { ConversationsModule } from '../conversations/conversations.module.ts';
import { dataKeys } from '../data-keys.ts';
import { ProjectRetentions } from '../retention/project-retentions.ts';
import { ItemsModule } from '../items/items.module.ts';
import { ChainContexts } from './chain-contexts.ts';
import { EventLogs } from './event-logs.ts';
import { EventsPurge } from './events-purge.ts';
import { FollowersService } from './followers.service.ts';
import { ResponseQueue } from './response-queue.ts';
import { ResponseRunsRepository } from './response-runs.repository.ts';
import { ResponseSignals } from './response-signals.ts';
import { ResponsesPurge } from './responses-purge.ts';
import { ResponsesHandlers } from './responses.handlers.ts';
import { ResponsesRepository } from './responses.repository.ts';
import { ResponsesService } from './responses.service.ts';
import { TurnOrigins } from './turn-origins.service.ts';
import { TurnRecords } from './turn-records.service.ts';
import { UnstoredResponsesPurge } from './unstored-responses-purge.ts';
import { UnfinishedResponses } from './unfinished-responses.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys), ItemsModule, ConversationsModule],
  providers: [
    ResponsesHandlers,
    ResponsesService,
    TurnOrigins,
    ChainContexts,
    TurnRecords,
    UnfinishedResponses,
    ResponsesRepository,
    ResponseRunsRepository,
    ResponseSignals,
    EventLogs,
    EventsPurge,
    ResponsesPurge,
    UnstoredResponsesPurge,
    ResponseQueue,
    ProjectRetentions,
    FollowersService,
  ],
  exports: [
    ResponsesService,
    TurnOrigins,
    TurnRecords,
    UnfinishedResponses,
    ResponseQueue,
    ResponseRunsRepository,
    ResponseSignals,
    EventLogs,
  ],
})
export class ResponsesModule {}
