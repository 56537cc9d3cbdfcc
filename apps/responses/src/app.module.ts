/** The wiring of the responses service, and nothing else. */
import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import { MasterKeys } from '@xerotier/sealing';
import type { DataSource } from 'typeorm';
import { CompletionsHandlers } from './completions/completions.handlers.ts';
import { CompletionsRepository } from './completions/completions.repository.ts';
import { CompletionsService } from './completions/completions.service.ts';
import type { ResponsesConfig } from './config.ts';
import { DataKeysRepository } from './data-keys/data-keys.repository.ts';
import { DataKeysService } from './data-keys/data-keys.service.ts';

export interface ResponsesResources {
  readonly config: ResponsesConfig;
  readonly log: Logger;
  readonly database: DataSource;
  readonly bus: Bus;
}

@Module({})
export class AppModule {
  static register({ config, log, database, bus }: ResponsesResources): DynamicModule {
    const { master, previousMaster } = config.keys;
    const masterKeys = new MasterKeys(master, ...(previousMaster === undefined ? [] : [previousMaster]));
    const dataKeys = new DataKeysService(new DataKeysRepository(database.manager), masterKeys, log);
    const completions = new CompletionsService(new CompletionsRepository(database.manager), dataKeys);
    return {
      module: AppModule,
      providers: [
        { provide: Bus, useValue: bus },
        { provide: DataKeysService, useValue: dataKeys },
        { provide: CompletionsService, useValue: completions },
        CompletionsHandlers,
      ],
    };
  }
}
