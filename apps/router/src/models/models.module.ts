import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { UploadedModelsRepository } from '../uploaded-models/uploaded-models.repository.ts';
import { ModelEntity } from './model.entity.ts';
import { ModelsHandlers } from './models.handlers.ts';
import { ModelsRepository } from './models.repository.ts';
import { ModelsService } from './models.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([ModelEntity])],
  providers: [ModelsHandlers, ModelsService, ModelsRepository, UploadedModelsRepository],
  exports: [ModelsService],
})
export class ModelsModule {}
