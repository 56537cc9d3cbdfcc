import { Module } from '@nestjs/common';
import { PasswordCheck } from './password-check.ts';
import { PasswordHasher } from './password-hasher.ts';

/** One hasher for the process, since it bounds how many passwords are hashed at a time. */
@Module({
  providers: [{ provide: PasswordHasher, useFactory: () => new PasswordHasher() }, PasswordCheck],
  exports: [PasswordHasher, PasswordCheck],
})
export class PasswordsModule {}
