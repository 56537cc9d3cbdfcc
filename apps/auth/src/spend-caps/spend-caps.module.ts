import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { SpendCapsHandlers } from './spend-caps.handlers.ts';
import { SpendCapsService } from './spend-caps.service.ts';

@Module({ imports: [ChangesModule], providers: [SpendCapsService, SpendCapsHandlers] })
export class SpendCapsModule {}
