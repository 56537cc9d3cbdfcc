import { Module } from '@nestjs/common';
import { CancellationModule } from '../cancellation/cancellation.module.ts';
import { CompletionFollowers } from './completion-followers.service.ts';
import { CompletionLogs } from './completion-logs.ts';
import { StoredCompletionsController } from './stored-completions.controller.ts';
import { StoredCompletionsService } from './stored-completions.service.ts';

@Module({
  imports: [CancellationModule],
  controllers: [StoredCompletionsController],
  providers: [StoredCompletionsService, CompletionLogs, CompletionFollowers],
  exports: [StoredCompletionsService, CompletionLogs],
})
export class StoredCompletionsModule {}
