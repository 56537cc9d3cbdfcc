import { z } from 'zod';
import { projectId } from '../fields/ids.ts';
import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS, SESSION_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { membersQuery, updateMemberRequest } from './request.ts';
import { memberDeleted, memberList, publicMember } from './response.ts';

const COLLECTION = '/v1/management/members';
const common = { tag: 'Members', bases: 'project', auth: 'either' } as const;
const params = z.object({
  member: z
    .string()
    .regex(/^user_[0-9a-f]{24}$/)
    .describe('The `id` of a member.'),
});
const changeErrors = [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'member_not_found', 'last_owner'] as const;

export const listMembers = defineOperation({
  ...common,
  operationId: 'listMembers',
  method: 'get',
  path: COLLECTION,
  permission: 'members:read',
  summary: 'List members',
  query: membersQuery,
  response: memberList,
  errors: PROJECT_ERRORS,
});

export const getMember = defineOperation({
  ...common,
  operationId: 'getMember',
  method: 'get',
  path: `${COLLECTION}/{member}`,
  permission: 'members:read',
  summary: 'Get member',
  params,
  response: publicMember,
  errors: [...PROJECT_ERRORS, 'member_not_found'],
});

export const updateMember = defineOperation({
  ...common,
  operationId: 'updateMember',
  method: 'patch',
  path: `${COLLECTION}/{member}`,
  permission: 'members:write',
  headers: idempotencyHeaders,
  summary: 'Update member',
  description:
    'Changes the fields that are present; `approves` is replaced as a whole. The last owner cannot be made a member.',
  params,
  request: updateMemberRequest,
  example: { approves: ['destructive'] },
  response: publicMember,
  errors: changeErrors,
});

export const deleteMember = defineOperation({
  ...common,
  operationId: 'deleteMember',
  method: 'delete',
  path: `${COLLECTION}/{member}`,
  permission: 'members:write',
  headers: idempotencyHeaders,
  summary: 'Remove member',
  description:
    'Takes effect at once. API keys that the member knows remain valid: rotate or revoke them. The last owner cannot be removed.',
  params,
  response: memberDeleted,
  errors: changeErrors,
});

export const leaveProject = defineOperation({
  operationId: 'leaveProject',
  tag: 'Members',
  permission: null,
  auth: 'session',
  method: 'delete',
  path: '/api/v1/projects/{project}/membership',
  summary: 'Leave a project',
  description: 'Removes the account from the members of the project. The last owner cannot leave.',
  params: z.object({ project: projectId }),
  response: memberDeleted,
  errors: [...SESSION_ERRORS, 'project_not_found', 'last_owner'],
});

/** In the order of the reference. */
export const membersOperations = [listMembers, getMember, updateMember, deleteMember, leaveProject] as const;
