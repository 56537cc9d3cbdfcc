import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { ApiKey } from './api-key.entity.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { KeyHasher } from './key-hasher.ts';
import { KeyUses } from './key-uses.ts';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey])],
  providers: [
    ApiKeysRepository,
    { provide: KeyHasher, inject: [CONFIG], useFactory: ({ keys }: AuthConfig) => new KeyHasher(keys.pepper) },
    KeyUses,
  ],
  exports: [ApiKeysRepository, KeyHasher, KeyUses],
})
export class ApiKeysModule {}
