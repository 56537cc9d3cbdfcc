import { Injectable } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import type { ProjectDetails } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { ProjectManagementService } from './project-management.service.ts';
import type { ProjectManagementInput, ProjectManagementOutput } from './project-management.service.ts';

const operations = projectsContract.operations;

/** Serves the projects contract. */
@Injectable()
export class ProjectManagementHandlers {
  constructor(private readonly projects: ProjectManagementService) {}

  @Serves(operations.getProject)
  get(input: ProjectManagementInput<'getProject'>): Promise<ProjectDetails> {
    return this.projects.get(input);
  }

  @Serves(operations.updateProject)
  update(input: ProjectManagementInput<'updateProject'>): Promise<ProjectDetails> {
    return this.projects.update(input);
  }

  @Serves(operations.getStorageQuota)
  getStorageQuota(
    input: ProjectManagementInput<'getStorageQuota'>,
  ): Promise<ProjectManagementOutput<'getStorageQuota'>> {
    return this.projects.getStorageQuota(input);
  }

  @Serves(operations.getBatchQuota)
  getBatchQuota(input: ProjectManagementInput<'getBatchQuota'>): Promise<ProjectManagementOutput<'getBatchQuota'>> {
    return this.projects.getBatchQuota(input);
  }

  @Serves(operations.listRetentions)
  listRetentions(input: ProjectManagementInput<'listRetentions'>): Promise<ProjectManagementOutput<'listRetentions'>> {
    return this.projects.listRetentions(input);
  }

  @Serves(operations.setProjectArchived)
  setArchived(input: ProjectManagementInput<'setProjectArchived'>): Promise<ProjectDetails> {
    return this.projects.setArchived(input);
  }
}
