import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataKeysModule } from '@xerotier/data-keys';
import { dataKeys } from '../data-keys.ts';
import { ProjectRetentions } from '../retention/project-retentions.ts';
import { CompletionEntity } from './completion.entity.ts';
import { CompletionsPurge } from './completions-purge.ts';
import { CompletionsHandlers } from './completions.handlers.ts';
import { CompletionsRepository } from './completions.repository.ts';
import { CompletionsService } from './completions.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([CompletionEntity]), DataKeysModule.forRoot(dataKeys)],
  providers: [CompletionsHandlers, CompletionsService, CompletionsRepository, CompletionsPurge, ProjectRetentions],
})
export class CompletionsModule {}
