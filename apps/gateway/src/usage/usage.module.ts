import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.ts';
import { UsageController } from './usage.controller.ts';
import { UsageService } from './usage.service.ts';

@Module({ imports: [ModelsModule], controllers: [UsageController], providers: [UsageService] })
export class UsageModule {}
