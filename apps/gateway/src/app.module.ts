/** The wiring of the gateway, and nothing else. */
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { InferenceClient } from '@xerotier/inference';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import type { RedisClient } from '@xerotier/redis';
import { AccessService } from './access/access.service.ts';
import { CancellationService, GatewayInstance } from './cancellation/cancellation.service.ts';
import { ChatCompletionsController } from './chat-completions/chat-completions.controller.ts';
import { ChatCompletionsService } from './chat-completions/chat-completions.service.ts';
import { EmbeddingsController } from './embeddings/embeddings.controller.ts';
import { EmbeddingsService } from './embeddings/embeddings.service.ts';
import { MediaController } from './media/media.controller.ts';
import { MediaService } from './media/media.service.ts';
import { ModelDirectory } from './models/model-directory.service.ts';
import { ModelsController } from './models/models.controller.ts';
import { ReferenceController } from './openapi/reference.controller.ts';
import { RateLimitsService } from './rate-limits/rate-limits.service.ts';
import { RerankController } from './rerank/rerank.controller.ts';
import { RerankService } from './rerank/rerank.service.ts';
import { StoredCompletionsController } from './stored-completions/stored-completions.controller.ts';
import { StoredCompletionsService } from './stored-completions/stored-completions.service.ts';

export interface GatewayPlatform {
  readonly bus: Bus;
  readonly inference: InferenceClient;
  readonly redis: RedisClient;
  readonly log: Logger;
  /** Eight hexadecimal digits that are this process's own; ids of requests begin with them. */
  readonly instance: string;
}

@Module({})
export class AppModule {
  static register({ bus, inference, redis, log, instance }: GatewayPlatform): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        ChatCompletionsController,
        StoredCompletionsController,
        EmbeddingsController,
        RerankController,
        MediaController,
        ModelsController,
        ReferenceController,
      ],
      providers: [
        { provide: Bus, useValue: bus },
        { provide: InferenceClient, useValue: inference },
        { provide: GatewayInstance, useValue: new GatewayInstance(instance) },
        AccessService,
        CancellationService,
        ModelDirectory,
        { provide: RateLimitsService, useFactory: () => new RateLimitsService(redis, log) },
        StoredCompletionsService,
        ChatCompletionsService,
        EmbeddingsService,
        RerankService,
        MediaService,
      ],
    };
  }
}
