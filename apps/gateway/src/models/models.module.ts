import { Module } from '@nestjs/common';
import { ModelDirectory } from './model-directory.service.ts';
import { ModelsController } from './models.controller.ts';

@Module({ controllers: [ModelsController], providers: [ModelDirectory], exports: [ModelDirectory] })
export class ModelsModule {}
