import { Module } from '@nestjs/common';
import { BatchLinesHandlers } from './batch-lines.handlers.ts';
import { BatchLines } from './batch-lines.service.ts';

@Module({ providers: [BatchLines, BatchLinesHandlers] })
export class BatchLinesModule {}
