import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { ResponsesModule } from '../responses/responses.module.ts';
import { TurnsHandlers } from './turns.handlers.ts';
import { TurnsService } from './turns.service.ts';

@Module({ imports: [InferenceModule, ResponsesModule], providers: [TurnsHandlers, TurnsService] })
export class TurnsModule {}
