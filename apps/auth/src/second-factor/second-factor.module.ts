import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { PasswordsModule } from '../passwords/passwords.module.ts';
import { SecretsModule } from '../secrets/secrets.module.ts';
import { SecurityNoticesModule } from '../security-notices/security-notices.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { SecondFactorCheck } from './second-factor-check.ts';
import { SecondFactorHandlers } from './second-factor.handlers.ts';
import { SecondFactorService } from './second-factor.service.ts';

@Module({
  imports: [AttemptsModule, PasswordsModule, SecretsModule, SecurityNoticesModule, SessionsModule],
  providers: [SecondFactorCheck, SecondFactorService, SecondFactorHandlers],
  exports: [SecondFactorCheck],
})
export class SecondFactorModule {}
