import { Module } from '@nestjs/common';
import { BatchesController } from './batches.controller.ts';

@Module({ controllers: [BatchesController] })
export class BatchesModule {}
