import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataKeysModule } from '../data-keys/data-keys.module.ts';
import { CompletionEntity } from './completion.entity.ts';
import { CompletionsPurge } from './completions-purge.ts';
import { CompletionsHandlers } from './completions.handlers.ts';
import { CompletionsRepository } from './completions.repository.ts';
import { CompletionsService } from './completions.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([CompletionEntity]), DataKeysModule],
  providers: [CompletionsHandlers, CompletionsService, CompletionsRepository, CompletionsPurge],
})
export class CompletionsModule {}
