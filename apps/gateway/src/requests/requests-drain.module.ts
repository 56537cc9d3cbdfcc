import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { StoredCompletionsModule } from '../stored-completions/stored-completions.module.ts';
import { RequestsDrain } from './requests-drain.ts';

@Module({ imports: [InferenceModule, StoredCompletionsModule], providers: [RequestsDrain] })
export class RequestsDrainModule {}
