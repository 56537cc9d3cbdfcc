import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { InvitationsModule } from '../invitations/invitations.module.ts';
import { MailModule } from '../mail/mail.module.ts';
import { PasswordsModule } from '../passwords/passwords.module.ts';
import { SecurityNoticesModule } from '../security-notices/security-notices.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { PasswordResetsHandlers } from './password-resets.handlers.ts';
import { PasswordResetsService } from './password-resets.service.ts';

@Module({
  imports: [AttemptsModule, InvitationsModule, MailModule, PasswordsModule, SecurityNoticesModule, SessionsModule],
  providers: [PasswordResetsService, PasswordResetsHandlers],
})
export class PasswordResetsModule {}
