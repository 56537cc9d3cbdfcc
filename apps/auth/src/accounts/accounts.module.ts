import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { EmailVerificationsModule } from '../email-verifications/email-verifications.module.ts';
import { PasswordsModule } from '../passwords/passwords.module.ts';
import { SecondFactorModule } from '../second-factor/second-factor.module.ts';
import { SecurityNoticesModule } from '../security-notices/security-notices.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountsHandlers } from './accounts.handlers.ts';
import { AccountsPurge } from './accounts-purge.ts';
import { AccountsService } from './accounts.service.ts';

@Module({
  imports: [
    SessionsModule,
    AttemptsModule,
    PasswordsModule,
    EmailVerificationsModule,
    SecondFactorModule,
    SecurityNoticesModule,
  ],
  providers: [AccountsService, AccountsHandlers, AccountsPurge],
})
export class AccountsModule {}
