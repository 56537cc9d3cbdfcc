import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.ts';
import { FilesModule } from '../files/files.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { BatchEndpointsHandlers } from './batch-endpoints.handlers.ts';
import { BatchOutputController } from './batch-output.controller.ts';
import { BatchOutputService } from './batch-output.service.ts';
import { BatchesController } from './batches.controller.ts';
import { OutputReaders } from './output-readers.ts';

@Module({
  imports: [AccessModule, FilesModule, ModelsModule],
  controllers: [BatchesController, BatchOutputController],
  providers: [BatchEndpointsHandlers, BatchOutputService, OutputReaders],
})
export class BatchesModule {}
