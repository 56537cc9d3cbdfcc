/** Invitations to a project: `/v1/management/invitations`, and `/api/v1/invitations/accept` for who is invited. */
import { Controller, Param, Req } from '@nestjs/common';
import { invitationId, invitationsContract } from '@xerotier/contracts/auth';
import type { ActiveSession, ChangeContext, InvitationRecord } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  acceptInvitation,
  createInvitation,
  listInvitations,
  revokeInvitation,
} from '@xerotier/public-api/invitations';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyRequest } from 'fastify';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { publicProjectOf } from '../accounts/public-account.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject, RequestSession } from '../operations/operation-params.ts';
import { hashOfToken } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { Change } from './change-context.ts';

const operations = invitationsContract.operations;
type PublicInvitation = ResponseOf<typeof createInvitation>;

@Controller()
export class InvitationsController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(listInvitations)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { include_inactive: includeInactive, after, ...page }: QueryOf<typeof listInvitations>,
  ): Promise<ResponseOf<typeof listInvitations>> {
    if (after !== undefined && !invitationId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listInvitations, {
      ...{ projectId: project.id, includeInactive, ...page },
      ...(after !== undefined && { after }),
    });
    return pageOf(data.map(publicInvitationOf), hasMore);
  }

  @Operation(createInvitation)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() { email, role }: BodyOf<typeof createInvitation>,
  ): Promise<PublicInvitation> {
    return publicInvitationOf(await this.bus.call(operations.createInvitation, { context, email, role }));
  }

  @Operation(revokeInvitation)
  async revoke(@Change() context: ChangeContext, @Param('invitation') id: string): Promise<PublicInvitation> {
    if (!invitationId.safeParse(id).success) throw new AppError('invitation.not_found', { invitation: printable(id) });
    return publicInvitationOf(await this.bus.call(operations.revokeInvitation, { context, invitationId: id }));
  }

  @Operation(acceptInvitation)
  async accept(
    @Req() { ip: clientAddress, id: requestId }: FastifyRequest,
    @RequestSession() { account }: ActiveSession,
    @OperationBody() { token }: BodyOf<typeof acceptInvitation>,
  ): Promise<ResponseOf<typeof acceptInvitation>> {
    const input = { accountId: account.id, tokenHash: hashOfToken(token), clientAddress, requestId };
    const project = await this.bus.call(operations.acceptInvitation, input);
    this.sessions.drop({ accountId: account.id });
    return publicProjectOf(project);
  }
}

function publicInvitationOf(invitation: InvitationRecord): PublicInvitation {
  const { id, email, role, status, accountId, createdAt, expiresAt } = invitation;
  return {
    ...{ id, object: 'invitation', email, role, status, member: accountId },
    ...{ created_at: Math.floor(createdAt / 1_000), expires_at: Math.floor(expiresAt / 1_000) },
  };
}
