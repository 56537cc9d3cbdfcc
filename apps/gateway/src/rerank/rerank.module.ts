import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { RerankController } from './rerank.controller.ts';
import { RerankService } from './rerank.service.ts';

@Module({
  imports: [InferenceModule, ModelsModule, RateLimitsModule],
  controllers: [RerankController],
  providers: [RerankService],
})
export class RerankModule {}
