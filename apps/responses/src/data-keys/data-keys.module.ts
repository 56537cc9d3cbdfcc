import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MasterKeys } from '@xerotier/sealing';
import { CONFIG } from '@xerotier/service-host';
import type { ResponsesConfig } from '../config.ts';
import { DataKeyEntity } from './data-key.entity.ts';
import { DataKeysRepository } from './data-keys.repository.ts';
import { DataKeysService } from './data-keys.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([DataKeyEntity])],
  providers: [
    DataKeysService,
    DataKeysRepository,
    {
      provide: MasterKeys,
      inject: [CONFIG],
      useFactory: ({ keys: { master, previousMaster } }: ResponsesConfig) =>
        new MasterKeys(master, ...(previousMaster === undefined ? [] : [previousMaster])),
    },
  ],
  exports: [DataKeysService],
})
export class DataKeysModule {}
