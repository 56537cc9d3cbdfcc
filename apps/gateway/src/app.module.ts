/** The wiring of the gateway, and nothing else. */
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { InferenceClient } from '@xerotier/inference';
import { Bus } from '@xerotier/nats';
import { AccessService } from './access/access.service.ts';
import { ChatCompletionsController } from './chat-completions/chat-completions.controller.ts';
import { ChatCompletionsService } from './chat-completions/chat-completions.service.ts';
import { EmbeddingsController } from './embeddings/embeddings.controller.ts';
import { EmbeddingsService } from './embeddings/embeddings.service.ts';
import { ModelDirectory } from './models/model-directory.service.ts';
import { ModelsController } from './models/models.controller.ts';
import { RerankController } from './rerank/rerank.controller.ts';
import { RerankService } from './rerank/rerank.service.ts';

export interface GatewayPlatform {
  readonly bus: Bus;
  readonly inference: InferenceClient;
}

@Module({})
export class AppModule {
  static register({ bus, inference }: GatewayPlatform): DynamicModule {
    return {
      module: AppModule,
      controllers: [ChatCompletionsController, EmbeddingsController, RerankController, ModelsController],
      providers: [
        { provide: Bus, useValue: bus },
        { provide: InferenceClient, useValue: inference },
        AccessService,
        ModelDirectory,
        ChatCompletionsService,
        EmbeddingsService,
        RerankService,
      ],
    };
  }
}
