import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { LinkedImagesModule } from '@xerotier/linked-images';
import { ResponsesModule } from '../responses/responses.module.ts';
import { TurnsHandlers } from './turns.handlers.ts';
import { TurnRunner } from './turn-runner.ts';
import { TurnsService } from './turns.service.ts';

@Module({
  imports: [InferenceModule, LinkedImagesModule, ResponsesModule],
  providers: [TurnsHandlers, TurnsService, TurnRunner],
  exports: [TurnRunner],
})
export class TurnsModule {}
