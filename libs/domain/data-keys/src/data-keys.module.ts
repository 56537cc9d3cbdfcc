import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MasterKeys } from '@xerotier/sealing';
import { CONFIG } from '@xerotier/service-host';
import { DataKeyEntity } from './data-key.entity.ts';
import { DATA_KEYS_OPTIONS } from './data-keys-options.ts';
import type { DataKeysOptions } from './data-keys-options.ts';
import { DataKeysRepository } from './data-keys.repository.ts';
import { DataKeysService } from './data-keys.service.ts';

/** What `dataKeySettings` reads. */
interface DataKeysConfig {
  readonly keys: { readonly master: Buffer; readonly previousMaster: Buffer | undefined };
}

const modules = new WeakMap<DataKeysOptions, DynamicModule>();

/** The data key of each project, for a service with `DatabaseModule` and `dataKeySettings`. Exports `DataKeysService` and `MasterKeys`. */
@Module({})
export class DataKeysModule {
  /** Returns the same module for the same options, so that a service has one cache of keys. */
  static forRoot(options: DataKeysOptions): DynamicModule {
    const known = modules.get(options);
    if (known !== undefined) return known;
    const created: DynamicModule = {
      module: DataKeysModule,
      imports: [TypeOrmModule.forFeature([DataKeyEntity])],
      providers: [
        DataKeysService,
        DataKeysRepository,
        { provide: DATA_KEYS_OPTIONS, useValue: options },
        {
          provide: MasterKeys,
          inject: [CONFIG],
          useFactory: ({ keys: { master, previousMaster } }: DataKeysConfig) =>
            new MasterKeys(master, ...(previousMaster === undefined ? [] : [previousMaster])),
        },
      ],
      exports: [DataKeysService, MasterKeys],
    };
    modules.set(options, created);
    return created;
  }
}
