import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { updateProjectRequest } from './request.ts';
import { projectDetails } from './response.ts';

const PATH = '/v1/management/project';
const common = { tag: 'Project', bases: 'project', auth: 'either', response: projectDetails } as const;
const change = {
  ...common,
  permission: 'project:write',
  headers: idempotencyHeaders,
  errors: [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS],
} as const;

export const getProject = defineOperation({
  ...common,
  operationId: 'getProject',
  method: 'get',
  path: PATH,
  permission: 'project:read',
  summary: 'Get project',
  errors: PROJECT_ERRORS,
});

export const updateProject = defineOperation({
  ...change,
  operationId: 'updateProject',
  method: 'patch',
  path: PATH,
  summary: 'Update project',
  description:
    'Changes the name and the settings that are present. Settings apply to requests within a second, on all gateways.',
  request: updateProjectRequest,
  example: { settings: { include_reasoning: true } },
});

export const archiveProject = defineOperation({
  ...change,
  operationId: 'archiveProject',
  method: 'post',
  path: `${PATH}/archive`,
  summary: 'Archive project',
  description:
    'Within a second its keys and endpoints reject requests with `project_archived`. What belongs to it can be read and not changed, until it is restored.',
});

export const restoreProject = defineOperation({
  ...change,
  operationId: 'restoreProject',
  method: 'post',
  path: `${PATH}/restore`,
  summary: 'Restore project',
});

/** In the order of the reference. */
export const projectsOperations = [getProject, updateProject, archiveProject, restoreProject] as const;
