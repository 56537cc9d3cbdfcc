/** A project itself: `/v1/management/project`. */
import { Controller } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import type { ChangeContext, ProjectDetails } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { archiveProject, getProject, restoreProject, updateProject } from '@xerotier/public-api/projects';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestProject } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';

const operations = projectsContract.operations;
type PublicDetails = ResponseOf<typeof getProject>;

@Controller()
export class ProjectController {
  constructor(private readonly bus: Bus) {}

  @Operation(getProject)
  async retrieve(@RequestProject() { project }: ProjectAccess): Promise<PublicDetails> {
    return publicDetailsOf(await this.bus.call(operations.getProject, { projectId: project.id }));
  }

  @Operation(updateProject)
  async update(
    @Change() context: ChangeContext,
    @OperationBody() { name, settings }: BodyOf<typeof updateProject>,
  ): Promise<PublicDetails> {
    const { store_by_default: storeByDefault, include_reasoning: includeReasoning } = settings ?? {};
    const retentionDays = settings?.retention_days;
    const project = await this.bus.call(operations.updateProject, {
      context,
      ...(name !== undefined && { name }),
      settings: {
        ...(storeByDefault !== undefined && { storeByDefault }),
        ...(includeReasoning !== undefined && { includeReasoning }),
        ...(retentionDays !== undefined && { retentionDays }),
      },
    });
    return publicDetailsOf(project);
  }

  @Operation(archiveProject)
  async archive(@Change() context: ChangeContext): Promise<PublicDetails> {
    return publicDetailsOf(await this.bus.call(operations.setProjectArchived, { context, isArchived: true }));
  }

  @Operation(restoreProject)
  async restore(@Change() context: ChangeContext): Promise<PublicDetails> {
    return publicDetailsOf(await this.bus.call(operations.setProjectArchived, { context, isArchived: false }));
  }
}

function publicDetailsOf({ id, name, slug, settings, archivedAt, createdAt }: ProjectDetails): PublicDetails {
  const { storeByDefault = false, includeReasoning = false, retentionDays = null } = settings;
  return {
    ...{ id, object: 'project', name, slug },
    settings: { store_by_default: storeByDefault, include_reasoning: includeReasoning, retention_days: retentionDays },
    archived_at: archivedAt === null ? null : Math.floor(archivedAt / 1_000),
    created_at: Math.floor(createdAt / 1_000),
  };
}
