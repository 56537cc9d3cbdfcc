import { Module } from '@nestjs/common';
import { Attempts } from '../attempts/attempts.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountsHandlers } from './accounts.handlers.ts';
import { AccountsPurge } from './accounts-purge.ts';
import { AccountsService } from './accounts.service.ts';

@Module({
  imports: [SessionsModule],
  providers: [
    AccountsService,
    AccountsHandlers,
    AccountsPurge,
    Attempts,
    { provide: PasswordHasher, useFactory: () => new PasswordHasher() },
  ],
})
export class AccountsModule {}
