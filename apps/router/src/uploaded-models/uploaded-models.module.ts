import { Module } from '@nestjs/common';
import { ModelUses } from './model-uses.ts';
import { ModelVersionsRepository } from './model-versions.repository.ts';
import { ModelVersionsService } from './model-versions.service.ts';
import { UploadedModelsHandlers } from './uploaded-models.handlers.ts';
import { UploadedModelsRepository } from './uploaded-models.repository.ts';
import { UploadedModelsService } from './uploaded-models.service.ts';

@Module({
  providers: [
    UploadedModelsHandlers,
    UploadedModelsService,
    ModelVersionsService,
    UploadedModelsRepository,
    ModelVersionsRepository,
    ModelUses,
  ],
})
export class UploadedModelsModule {}
