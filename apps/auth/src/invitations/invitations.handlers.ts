import { Injectable } from '@nestjs/common';
import { invitationsContract } from '@xerotier/contracts/auth';
import type { InvitationRecord, ProjectRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { InvitationAcceptance } from './invitation-acceptance.ts';
import { InvitationsService } from './invitations.service.ts';
import type { InvitationsInput, InvitationsOutput } from './invitations.service.ts';

const operations = invitationsContract.operations;

/** Serves the invitations contract. */
@Injectable()
export class InvitationsHandlers {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly acceptance: InvitationAcceptance,
  ) {}

  @Serves(operations.listInvitations)
  list(input: InvitationsInput<'listInvitations'>): Promise<InvitationsOutput<'listInvitations'>> {
    return this.invitations.list(input);
  }

  @Serves(operations.createInvitation)
  create(input: InvitationsInput<'createInvitation'>): Promise<InvitationRecord> {
    return this.invitations.create(input);
  }

  @Serves(operations.revokeInvitation)
  revoke(input: InvitationsInput<'revokeInvitation'>): Promise<InvitationRecord> {
    return this.invitations.revoke(input);
  }

  @Serves(operations.acceptInvitation)
  accept(input: InvitationsInput<'acceptInvitation'>): Promise<ProjectRecord> {
    return this.acceptance.accept(input);
  }
}
