import { Module } from '@nestjs/common';
import { EgressClient } from '@xerotier/egress';
import { InferenceModule } from '@xerotier/inference/module';
import { CONFIG } from '@xerotier/service-host';
import { AccessModule } from '../access/access.module.ts';
import { CancellationModule } from '../cancellation/cancellation.module.ts';
import type { GatewayConfig } from '../config.ts';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { StoredCompletionsModule } from '../stored-completions/stored-completions.module.ts';
import { ChatCompletionsController } from './chat-completions.controller.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';
import { LinkedImages } from './linked-images.service.ts';

@Module({
  imports: [AccessModule, InferenceModule, ModelsModule, RateLimitsModule, CancellationModule, StoredCompletionsModule],
  controllers: [ChatCompletionsController],
  providers: [
    ChatCompletionsService,
    LinkedImages,
    {
      provide: EgressClient,
      inject: [CONFIG],
      // Each has an image in memory.
      useFactory: ({ egress }: GatewayConfig) => new EgressClient({ ...egress, requestsMax: 32 }),
    },
  ],
})
export class ChatCompletionsModule {}
