import { Module } from '@nestjs/common';
import { InferenceModule } from '@xerotier/inference/module';
import { ModelsModule } from '../models/models.module.ts';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.ts';
import { MediaController } from './media.controller.ts';
import { MediaService } from './media.service.ts';

@Module({
  imports: [InferenceModule, ModelsModule, RateLimitsModule],
  controllers: [MediaController],
  providers: [MediaService],
})
export class MediaModule {}
