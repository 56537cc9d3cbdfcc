import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { LinkedImagesModule } from '@xerotier/linked-images';
import { ResponsesModule } from '../responses/responses.module.ts';
import { CountsService } from './counts.service.ts';
import { TurnsHandlers } from './turns.handlers.ts';
import { TurnRunner } from './turn-runner.ts';
import { TurnsService } from './turns.service.ts';

@Module({
  imports: [InferenceModule, LinkedImagesModule, ResponsesModule],
  providers: [TurnsHandlers, TurnsService, CountsService, TurnRunner],
  exports: [TurnRunner],
})
export class TurnsModule {}
