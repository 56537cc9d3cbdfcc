import { Injectable } from '@nestjs/common';
import { administrationContract, SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { AdministeredAccount, AdministeredProject } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { AuditLogService } from '../audit/audit-log.service.ts';
import { AccountsAdministrationService } from './accounts-administration.service.ts';
import type { AdministrationInput, AdministrationOutput } from './accounts-administration.service.ts';
import { ProjectsAdministrationService } from './projects-administration.service.ts';

const operations = administrationContract.operations;

/** Serves the administration contract. */
@Injectable()
export class AdministrationHandlers {
  constructor(
    private readonly accounts: AccountsAdministrationService,
    private readonly projects: ProjectsAdministrationService,
    private readonly auditLog: AuditLogService,
  ) {}

  @Serves(operations.listAccounts)
  listAccounts(input: AdministrationInput<'listAccounts'>): Promise<AdministrationOutput<'listAccounts'>> {
    return this.accounts.list(input);
  }

  @Serves(operations.getAccount)
  getAccount(input: AdministrationInput<'getAccount'>): Promise<AdministeredAccount> {
    return this.accounts.get(input);
  }

  @Serves(operations.disableAccount)
  disableAccount(input: AdministrationInput<'disableAccount'>): Promise<AdministeredAccount> {
    return this.accounts.disable(input);
  }

  @Serves(operations.enableAccount)
  enableAccount(input: AdministrationInput<'enableAccount'>): Promise<AdministeredAccount> {
    return this.accounts.enable(input);
  }

  @Serves(operations.resetSecondFactor)
  resetSecondFactor(input: AdministrationInput<'resetSecondFactor'>): Promise<AdministeredAccount> {
    return this.accounts.resetSecondFactor(input);
  }

  @Serves(operations.setSystemRole)
  setSystemRole(input: AdministrationInput<'setSystemRole'>): Promise<AdministeredAccount> {
    return this.accounts.setSystemRole(input);
  }

  @Serves(operations.listAllProjects)
  listProjects(input: AdministrationInput<'listAllProjects'>): Promise<AdministrationOutput<'listAllProjects'>> {
    return this.projects.list(input);
  }

  @Serves(operations.getAnyProject)
  getProject(input: AdministrationInput<'getAnyProject'>): Promise<AdministeredProject> {
    return this.projects.get(input);
  }

  @Serves(operations.listSystemEvents)
  listEvents(input: AdministrationInput<'listSystemEvents'>): Promise<AdministrationOutput<'listSystemEvents'>> {
    return this.auditLog.list({ ...input, projectId: SYSTEM_LOG_ID });
  }
}
