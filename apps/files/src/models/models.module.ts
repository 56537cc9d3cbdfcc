import { Module } from '@nestjs/common';
import { BlobsModule } from '../blobs/blobs.module.ts';
import { ModelFilesHandlers } from './model-files.handlers.ts';
import { ModelFilesRepository } from './model-files.repository.ts';
import { ModelFilesService } from './model-files.service.ts';

@Module({
  imports: [BlobsModule],
  providers: [ModelFilesHandlers, ModelFilesService, ModelFilesRepository],
  exports: [ModelFilesService, ModelFilesRepository],
})
export class ModelsModule {}
