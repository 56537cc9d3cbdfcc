import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { LinkedImagesModule } from '@xerotier/linked-images';
import { AccessModule } from '../access/access.module.ts';
import { CancellationModule } from '../cancellation/cancellation.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { StoredCompletionsModule } from '../stored-completions/stored-completions.module.ts';
import { ChatCompletionsController } from './chat-completions.controller.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';

@Module({
  imports: [
    AccessModule,
    InferenceModule,
    ModelsModule,
    RateLimitsModule,
    CancellationModule,
    StoredCompletionsModule,
    LinkedImagesModule,
  ],
  controllers: [ChatCompletionsController],
  providers: [ChatCompletionsService],
})
export class ChatCompletionsModule {}
