import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { MailModule } from '../mail/mail.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { InvitationAcceptance } from './invitation-acceptance.ts';
import { InvitationMails } from './invitation-mails.ts';
import { InvitationsHandlers } from './invitations.handlers.ts';
import { InvitationsService } from './invitations.service.ts';

@Module({
  imports: [AttemptsModule, ChangesModule, MailModule, SessionsModule],
  providers: [InvitationsService, InvitationAcceptance, InvitationMails, InvitationsHandlers],
  exports: [InvitationAcceptance],
})
export class InvitationsModule {}
