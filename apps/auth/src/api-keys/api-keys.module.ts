import { Module } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import { ChangesModule } from '../changes/changes.module.ts';
import type { AuthConfig } from '../config.ts';
import { ApiKeysService } from './api-keys.service.ts';
import { KeyHasher } from './key-hasher.ts';
import { KeyUses } from './key-uses.ts';

@Module({
  imports: [ChangesModule],
  providers: [
    ApiKeysService,
    { provide: KeyHasher, inject: [CONFIG], useFactory: ({ keys }: AuthConfig) => new KeyHasher(keys.pepper) },
    KeyUses,
  ],
  exports: [ApiKeysService, KeyHasher, KeyUses],
})
export class ApiKeysModule {}
