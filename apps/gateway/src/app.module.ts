/** The wiring of the gateway, and nothing else. */
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { InferenceClient } from '@xerotier/inference';
import { Bus } from '@xerotier/nats';
import { AccessService } from './access/access.service.ts';
import { ChatCompletionsController } from './chat-completions/chat-completions.controller.ts';
import { ChatCompletionsService } from './chat-completions/chat-completions.service.ts';
import { ModelDirectory } from './models/model-directory.service.ts';
import { ModelsController } from './models/models.controller.ts';
import { StoredCompletionsController } from './stored-completions/stored-completions.controller.ts';
import { StoredCompletionsService } from './stored-completions/stored-completions.service.ts';

export interface GatewayPlatform {
  readonly bus: Bus;
  readonly inference: InferenceClient;
}

@Module({})
export class AppModule {
  static register({ bus, inference }: GatewayPlatform): DynamicModule {
    return {
      module: AppModule,
      controllers: [ChatCompletionsController, StoredCompletionsController, ModelsController],
      providers: [
        { provide: Bus, useValue: bus },
        { provide: InferenceClient, useValue: inference },
        AccessService,
        ModelDirectory,
        StoredCompletionsService,
        ChatCompletionsService,
      ],
    };
  }
}
