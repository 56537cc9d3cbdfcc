/** Members of a project: `/v1/management/members`, and `/api/v1/projects/{project}/membership` of an account itself. */
import { Controller, Param, Req } from '@nestjs/common';
import { accountId, membersContract } from '@xerotier/contracts/auth';
import type { ActiveSession, ChangeContext, MemberRecord } from '@xerotier/contracts/auth';
import { projectId } from '@xerotier/contracts/ids';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { deleteMember, getMember, leaveProject, listMembers, updateMember } from '@xerotier/public-api/members';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyRequest } from 'fastify';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject, RequestSession } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';

const operations = membersContract.operations;
type PublicMember = ResponseOf<typeof getMember>;

@Controller()
export class MembersController {
  constructor(private readonly bus: Bus) {}

  @Operation(listMembers)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { after, ...page }: QueryOf<typeof listMembers>,
  ): Promise<ResponseOf<typeof listMembers>> {
    if (after !== undefined && !accountId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listMembers, {
      ...{ projectId: project.id, ...page },
      ...(after !== undefined && { after }),
    });
    return pageOf(data.map(publicMemberOf), hasMore);
  }

  @Operation(getMember)
  async retrieve(@RequestProject() { project }: ProjectAccess, @Param('member') id: string): Promise<PublicMember> {
    const input = { projectId: project.id, accountId: assertMemberId(id) };
    return publicMemberOf(await this.bus.call(operations.getMember, input));
  }

  @Operation(updateMember)
  async update(
    @Change() context: ChangeContext,
    @Param('member') id: string,
    @OperationBody() { role, approves }: BodyOf<typeof updateMember>,
  ): Promise<PublicMember> {
    const member = await this.bus.call(operations.updateMember, {
      ...{ context, accountId: assertMemberId(id) },
      ...(role !== undefined && { role }),
      ...(approves !== undefined && { approves }),
    });
    return publicMemberOf(member);
  }

  @Operation(deleteMember)
  async delete(
    @Change() context: ChangeContext,
    @Param('member') id: string,
  ): Promise<ResponseOf<typeof deleteMember>> {
    await this.bus.call(operations.removeMember, { context, accountId: assertMemberId(id) });
    return { id, object: 'member.deleted', deleted: true };
  }

  @Operation(leaveProject)
  async leave(
    @Req() { ip, id: requestId }: FastifyRequest,
    @RequestSession() { account: { id } }: ActiveSession,
    @Param('project') project: string,
  ): Promise<ResponseOf<typeof leaveProject>> {
    if (!projectId.safeParse(project).success) throw new AppError('project.not_found', { project: printable(project) });
    const actor = { kind: 'user', id } as const;
    const context = { projectId: project, actor, clientAddress: ip, requestId };
    await this.bus.call(operations.removeMember, { context, accountId: id });
    return { id, object: 'member.deleted', deleted: true };
  }
}

/** @throws {AppError} `member.not_found` for a malformed id. */
function assertMemberId(id: string): string {
  if (!accountId.safeParse(id).success) throw new AppError('member.not_found', { member: printable(id) });
  return id;
}

function publicMemberOf({ accountId: id, createdAt, ...member }: MemberRecord): PublicMember {
  return { id, object: 'member', ...member, created_at: Math.floor(createdAt / 1_000) };
}
