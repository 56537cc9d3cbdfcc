import { Module } from '@nestjs/common';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { CONFIG } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';

@Module({
  providers: [
    {
      provide: SecretBox,
      inject: [CONFIG],
      useFactory: ({ keys }: AuthConfig) =>
        new SecretBox(new MasterKeys(keys.master, ...(keys.previousMaster === undefined ? [] : [keys.previousMaster]))),
    },
  ],
  exports: [SecretBox],
})
export class SecretsModule {}
