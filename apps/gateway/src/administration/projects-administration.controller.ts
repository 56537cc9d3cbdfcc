/** Projects from outside, and the audit log of the platform, for its operators: `/api/v1/admin/projects`, `/api/v1/admin/audit-log`. */
import { Controller, Param } from '@nestjs/common';
import { administrationContract, auditEventId } from '@xerotier/contracts/auth';
import type { AdministeredProject } from '@xerotier/contracts/auth';
import { projectId } from '@xerotier/contracts/ids';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { adminGetProject, adminListAuditEvents, adminListProjects } from '@xerotier/public-api/administration';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import { publicAuditEventOf } from '../management/public-audit-event.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery } from '../operations/operation-params.ts';

const operations = administrationContract.operations;
type PublicProject = ResponseOf<typeof adminGetProject>;

@Controller()
export class ProjectsAdministrationController {
  constructor(private readonly bus: Bus) {}

  @Operation(adminListProjects)
  async list(
    @OperationQuery() { after, ...page }: QueryOf<typeof adminListProjects>,
  ): Promise<ResponseOf<typeof adminListProjects>> {
    if (after !== undefined && !projectId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const cursor = after === undefined ? {} : { after };
    const { data, hasMore } = await this.bus.call(operations.listAllProjects, { ...page, ...cursor });
    return pageOf(data.map(publicProjectOf), hasMore);
  }

  @Operation(adminGetProject)
  async retrieve(@Param('project') id: string): Promise<PublicProject> {
    if (!projectId.safeParse(id).success) throw new AppError('project.not_found', { project: printable(id) });
    return publicProjectOf(await this.bus.call(operations.getAnyProject, { projectId: id }));
  }

  @Operation(adminListAuditEvents)
  async listEvents(
    @OperationQuery() query: QueryOf<typeof adminListAuditEvents>,
  ): Promise<ResponseOf<typeof adminListAuditEvents>> {
    const { after, action, actor_id: actorId, target_id: targetId, ...page } = query;
    if (after !== undefined && !auditEventId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const input = { ...page, after, action, actorId, targetId };
    const { data, hasMore } = await this.bus.call(operations.listSystemEvents, input);
    return pageOf(data.map(publicAuditEventOf), hasMore);
  }
}

function publicProjectOf({ apiKeys, createdAt, archivedAt, ...project }: AdministeredProject): PublicProject {
  return {
    ...{ object: 'project', ...project, api_keys: apiKeys },
    archived_at: archivedAt === null ? null : Math.floor(archivedAt / 1_000),
    created_at: Math.floor(createdAt / 1_000),
  };
}
