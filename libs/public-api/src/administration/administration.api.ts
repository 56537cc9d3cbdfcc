import { z } from 'zod';
import { auditEventsQuery } from '../audit-log/request.ts';
import { auditEventList } from '../audit-log/response.ts';
import { projectId } from '../fields/ids.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { ADMINISTRATION, changing, CHANGING_ERRORS, reading } from './operator-operation.ts';
import { accountId, administeredAccountsQuery, administeredProjectsQuery, systemRoleRequest } from './request.ts';
import {
  administeredAccount,
  administeredAccountList,
  administeredProject,
  administeredProjectList,
} from './response.ts';

const ACCOUNTS = `${ADMINISTRATION}/accounts` as const;
const PROJECTS = `${ADMINISTRATION}/projects` as const;
const params = z.object({ account: accountId });
const changingAccount = { ...changing, systemRole: 'admin', params, response: administeredAccount } as const;
const errors = [...CHANGING_ERRORS, 'account_not_found'] as const;

export const adminListAccounts = defineOperation({
  ...reading,
  operationId: 'adminListAccounts',
  path: ACCOUNTS,
  summary: 'List accounts',
  query: administeredAccountsQuery,
  response: administeredAccountList,
});

export const adminGetAccount = defineOperation({
  ...reading,
  operationId: 'adminGetAccount',
  path: `${ACCOUNTS}/{account}`,
  summary: 'Get account',
  params,
  response: administeredAccount,
  errors: [...reading.errors, 'account_not_found'],
});

export const adminDisableAccount = defineOperation({
  ...changingAccount,
  operationId: 'adminDisableAccount',
  method: 'post',
  path: `${ACCOUNTS}/{account}/disable`,
  summary: 'Disable account',
  description:
    'Ends its sessions on all gateways within a second; it cannot sign in until it is enabled. API keys belong to projects, and remain valid. The last admin cannot be disabled.',
  errors: [...errors, 'last_admin'],
});

export const adminEnableAccount = defineOperation({
  ...changingAccount,
  operationId: 'adminEnableAccount',
  method: 'post',
  path: `${ACCOUNTS}/{account}/enable`,
  summary: 'Enable account',
  errors,
});

export const adminResetSecondFactor = defineOperation({
  ...changingAccount,
  operationId: 'adminResetSecondFactor',
  method: 'delete',
  path: `${ACCOUNTS}/{account}/second-factor`,
  summary: 'Reset second factor of account',
  description:
    'For somebody who has lost the authenticator app and the recovery codes, and has proven who they are. Ends the sessions of the account on all gateways within a second, and tells it by mail.',
  errors: [...errors, 'second_factor_not_found'],
});

export const adminSetSystemRole = defineOperation({
  ...changingAccount,
  operationId: 'adminSetSystemRole',
  method: 'put',
  path: `${ACCOUNTS}/{account}/system-role`,
  summary: 'Set system role of account',
  description: 'The last admin cannot lose the role.',
  request: systemRoleRequest,
  example: { system_role: 'operator' },
  errors: [...errors, 'last_admin'],
});

export const adminListProjects = defineOperation({
  ...reading,
  operationId: 'adminListProjects',
  path: PROJECTS,
  summary: 'List projects',
  description: 'All projects, with their owners and sizes, but nothing of their content.',
  query: administeredProjectsQuery,
  response: administeredProjectList,
});

export const adminGetProject = defineOperation({
  ...reading,
  operationId: 'adminGetProject',
  path: `${PROJECTS}/{project}`,
  summary: 'Get project',
  params: z.object({ project: projectId }),
  response: administeredProject,
  errors: [...reading.errors, 'project_not_found'],
});

export const adminListAuditEvents = defineOperation({
  ...reading,
  operationId: 'adminListAuditEvents',
  path: `${ADMINISTRATION}/audit-log`,
  summary: 'List audit events of the platform',
  description:
    'Every change of tiers, prices and accounts by an operator. Changes of projects are in their own audit logs.',
  query: auditEventsQuery,
  response: auditEventList,
});

/** In the order of the reference. */
export const administrationOperations = [
  adminListAccounts,
  adminGetAccount,
  adminDisableAccount,
  adminEnableAccount,
  adminResetSecondFactor,
  adminSetSystemRole,
  adminListProjects,
  adminGetProject,
  adminListAuditEvents,
] as const;
