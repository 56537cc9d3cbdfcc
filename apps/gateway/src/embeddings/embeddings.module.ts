import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { EmbeddingsController } from './embeddings.controller.ts';
import { EmbeddingsService } from './embeddings.service.ts';

@Module({
  imports: [InferenceModule, ModelsModule, RateLimitsModule],
  controllers: [EmbeddingsController],
  providers: [EmbeddingsService],
})
export class EmbeddingsModule {}
