/** The wiring of the router, and nothing else. */
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import type { DataSource } from 'typeorm';
import type { RouterConfig } from './config.ts';
import { SlotLedger } from './fleet/slot-ledger.ts';
import { ModelsRepository } from './models/models.repository.ts';
import { ModelsService } from './models/models.service.ts';
import { LeastLoadedPolicy } from './placement/least-loaded.policy.ts';
import { PlacementHandlers } from './placement/placement.handlers.ts';
import { PlacementService } from './placement/placement.service.ts';

export interface RouterResources {
  readonly config: RouterConfig;
  readonly log: Logger;
  readonly database: DataSource;
  readonly bus: Bus;
}

@Module({})
export class AppModule {
  static register({ config, log, database, bus }: RouterResources): DynamicModule {
    const models = new ModelsService(new ModelsRepository(database.manager), log);
    const placement = new PlacementService(new SlotLedger(), new LeastLoadedPolicy(), log, config.placement);
    return {
      module: AppModule,
      providers: [
        { provide: Bus, useValue: bus },
        { provide: ModelsService, useValue: models },
        { provide: PlacementService, useValue: placement },
        PlacementHandlers,
      ],
    };
  }
}
