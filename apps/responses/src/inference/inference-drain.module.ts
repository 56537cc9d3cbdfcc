import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { InferenceDrain } from './inference-drain.ts';

@Module({ imports: [InferenceModule], providers: [InferenceDrain] })
export class InferenceDrainModule {}
