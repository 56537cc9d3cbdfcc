import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { InvitationsModule } from '../invitations/invitations.module.ts';
import { MailModule } from '../mail/mail.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { EmailVerificationsHandlers } from './email-verifications.handlers.ts';
import { EmailVerificationsService } from './email-verifications.service.ts';

@Module({
  imports: [AttemptsModule, InvitationsModule, MailModule, SessionsModule],
  providers: [EmailVerificationsService, EmailVerificationsHandlers],
  exports: [EmailVerificationsService],
})
export class EmailVerificationsModule {}
