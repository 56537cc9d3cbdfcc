import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { ContextsController } from './contexts.controller.ts';
import { ContextsService } from './contexts.service.ts';
import { ResponseRequestsService } from './response-requests.service.ts';
import { ResponsesController } from './responses.controller.ts';
import { StoredResponsesService } from './stored-responses.service.ts';
import { TurnsService } from './turns.service.ts';

@Module({
  imports: [AccessModule, ModelsModule, RateLimitsModule],
  controllers: [ResponsesController, ContextsController],
  providers: [ResponseRequestsService, TurnsService, StoredResponsesService, ContextsService],
  exports: [ResponseRequestsService, TurnsService],
})
export class ResponsesModule {}
