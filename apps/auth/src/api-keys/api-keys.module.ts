import { Module } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import type { AuthConfig } from '../config.ts';
import { CONFIG, LOGGER } from '../resources.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { KeyHasher } from './key-hasher.ts';
import { KeyUses } from './key-uses.ts';

@Module({
  providers: [
    ApiKeysRepository,
    { provide: KeyHasher, useFactory: (config: AuthConfig) => new KeyHasher(config.keys.pepper), inject: [CONFIG] },
    {
      provide: KeyUses,
      useFactory: (repository: ApiKeysRepository, log: Logger) => new KeyUses(repository, log),
      inject: [ApiKeysRepository, LOGGER],
    },
  ],
  exports: [KeyHasher, KeyUses],
})
export class ApiKeysModule {}
