import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccessModule } from './access/access.module.ts';
import { ApiKeysModule } from './api-keys/api-keys.module.ts';
import { ResourcesModule } from './resources.ts';
import type { Resources } from './resources.ts';
import { UsageModule } from './usage/usage.module.ts';

@Module({})
export class AppModule {
  static register(resources: Resources): DynamicModule {
    return {
      module: AppModule,
      imports: [ResourcesModule.register(resources), ApiKeysModule, AccessModule, UsageModule],
    };
  }
}
