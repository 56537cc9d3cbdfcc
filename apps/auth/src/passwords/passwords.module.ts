import { Module } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { PasswordCheck } from './password-check.ts';
import { PasswordHasher } from './password-hasher.ts';

/** One hasher for the process, since it bounds how many passwords are hashed at a time. */
@Module({
  providers: [
    {
      provide: PasswordHasher,
      inject: [CONFIG],
      useFactory: ({ passwords: { memoryKib, passes } }: Pick<AuthConfig, 'passwords'>) =>
        new PasswordHasher({ parameters: { memoryCost: memoryKib, timeCost: passes, parallelism: 1 } }),
    },
    PasswordCheck,
  ],
  exports: [PasswordHasher, PasswordCheck],
})
export class PasswordsModule {}
