import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { InputFilesModule } from '@xerotier/input-files';
import { LinkedImagesModule } from '@xerotier/linked-images';
import { TurnCompaction } from '../compactions/turn-compaction.ts';
import { CompactionSeals } from '../compactions/compaction-seals.ts';
import { CompactionsService } from '../compactions/compactions.service.ts';
import { Summaries } from '../compactions/summaries.ts';
import { ItemsModule } from '../items/items.module.ts';
import { ResponsesModule } from '../responses/responses.module.ts';
import { CountsService } from './counts.service.ts';
import { ModelCalls } from './model-calls.service.ts';
import { TurnContexts } from './turn-contexts.ts';
import { TurnsHandlers } from './turns.handlers.ts';
import { TurnRunner } from './turn-runner.ts';
import { TurnsService } from './turns.service.ts';

@Module({
  imports: [InferenceModule, InputFilesModule, LinkedImagesModule, ItemsModule, ResponsesModule],
  providers: [
    TurnsHandlers,
    TurnsService,
    CountsService,
    CompactionsService,
    CompactionSeals,
    Summaries,
    TurnCompaction,
    TurnContexts,
    ModelCalls,
    TurnRunner,
  ],
  exports: [TurnRunner, TurnContexts],
})
export class TurnsModule {}
