import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { EmailVerificationsModule } from '../email-verifications/email-verifications.module.ts';
import { PasswordsModule } from '../passwords/passwords.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { BootstrapAddress } from './bootstrap-address.ts';
import { BootstrapHandlers } from './bootstrap.handlers.ts';
import { BootstrapService } from './bootstrap.service.ts';

@Module({
  imports: [ChangesModule, AttemptsModule, PasswordsModule, SessionsModule, EmailVerificationsModule],
  providers: [BootstrapService, BootstrapAddress, BootstrapHandlers],
})
export class BootstrapModule {}
