import { Injectable } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import type { MemberAccess, ProjectRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { ProjectsService } from './projects.service.ts';
import type { ProjectsInput } from './projects.service.ts';

const operations = accountsContract.operations;

/** Serves the projects of the accounts contract. */
@Injectable()
export class ProjectsHandlers {
  constructor(private readonly projects: ProjectsService) {}

  @Serves(operations.createProject)
  create(input: ProjectsInput<'createProject'>): Promise<ProjectRecord> {
    return this.projects.create(input);
  }

  @Serves(operations.getMemberAccess)
  memberAccess(input: ProjectsInput<'getMemberAccess'>): Promise<MemberAccess> {
    return this.projects.memberAccess(input);
  }

  @Serves(operations.listProjects)
  list(input: ProjectsInput<'listProjects'>): Promise<{ data: ProjectRecord[] }> {
    return this.projects.list(input);
  }
}
