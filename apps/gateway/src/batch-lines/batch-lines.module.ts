import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.ts';
import { ModelsModule } from '../models/models.module.ts';
import { BatchLinesHandlers } from './batch-lines.handlers.ts';
import { BatchLines } from './batch-lines.service.ts';

@Module({ imports: [AccessModule, ModelsModule], providers: [BatchLines, BatchLinesHandlers] })
export class BatchLinesModule {}
