import { Module } from '@nestjs/common';
import { ModelPreflightController } from './model-preflight.controller.ts';

@Module({ controllers: [ModelPreflightController] })
export class ModelPreflightModule {}
