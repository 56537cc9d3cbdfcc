import { Inject, Injectable } from '@nestjs/common';
import { INVITATION_DAYS } from '@xerotier/contracts/auth';
import { CONFIG } from '@xerotier/service-host';
import type { EntityManager } from 'typeorm';
import type { AuthConfig } from '../config.ts';
import { mailLink } from '../mail/mail-link.ts';
import { quoted } from '../mail/mail-message.ts';
import { MailQueue } from '../mail/mail-queue.ts';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.ts';
import type { Invitation } from './invitation.entity.ts';

/** Mail about invitations. */
@Injectable()
export class InvitationMails {
  constructor(
    private readonly queue: MailQueue,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'mail'>,
  ) {}

  /** To an address without a verified account: with the token that accepts the invitation. */
  async sendToken(manager: EntityManager, invitation: Invitation, projectName: string): Promise<void> {
    const { id, email, role, expiresAt } = invitation;
    const token = await new OneTimeTokensRepository(manager).issue('invitation', id, expiresAt);
    const project = quoted(projectName);
    const text = `You have been invited to the project ${project} on Xerotier, with the role ${role}.

To accept, sign in or register with the address ${email}, and open this link:

${mailLink(this.config.mail.publicUrl, 'accept-invitation', token)}

The link is valid for ${INVITATION_DAYS} days. If you did not expect this invitation, ignore this message.
`;
    await this.queue.add(manager, { to: email, subject: `Invitation to the project ${project}`, text }, expiresAt);
  }

  /** To a verified account, which has become a member at once. */
  async sendAdded(manager: EntityManager, { email, role }: Invitation, projectName: string): Promise<void> {
    const project = quoted(projectName);
    const text = `You are now a member of the project ${project} on Xerotier, with the role ${role}.

${this.config.mail.publicUrl}

If you did not expect this, you can leave the project.
`;
    await this.queue.add(manager, { to: email, subject: `You were added to the project ${project}`, text });
  }
}
