import { z } from 'zod';
import { publicProject } from '../accounts/response.ts';
import { BODY_ERRORS, CHANGE_ERRORS, PROJECT_ERRORS, SESSION_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { acceptInvitationRequest, createInvitationRequest, invitationsQuery } from './request.ts';
import { invitationList, publicInvitation } from './response.ts';

const COLLECTION = '/v1/management/invitations';
const common = { tag: 'Members', bases: 'project', auth: 'either' } as const;
const params = z.object({
  invitation: z
    .string()
    .regex(/^inv_[0-9a-f]{24}$/)
    .describe('The `id` of an invitation.'),
});

export const listInvitations = defineOperation({
  ...common,
  operationId: 'listInvitations',
  method: 'get',
  path: COLLECTION,
  permission: 'members:read',
  summary: 'List invitations',
  query: invitationsQuery,
  response: invitationList,
  errors: PROJECT_ERRORS,
});

export const createInvitation = defineOperation({
  ...common,
  operationId: 'createInvitation',
  method: 'post',
  path: COLLECTION,
  permission: 'members:write',
  headers: idempotencyHeaders,
  summary: 'Invite somebody',
  description:
    'An account whose address is verified becomes a member at once. Any other address gets a mail with a link, which is valid for 7 days. Another invitation of the same address replaces a pending one.',
  request: createInvitationRequest,
  example: { email: 'bo@example.com', role: 'member' },
  response: publicInvitation,
  errors: [
    ...PROJECT_ERRORS,
    ...BODY_ERRORS,
    ...CHANGE_ERRORS,
    'already_member',
    'limit_exceeded',
    'too_many_attempts',
  ],
});

export const revokeInvitation = defineOperation({
  ...common,
  operationId: 'revokeInvitation',
  method: 'delete',
  path: `${COLLECTION}/{invitation}`,
  permission: 'members:write',
  headers: idempotencyHeaders,
  summary: 'Revoke invitation',
  params,
  response: publicInvitation,
  errors: [...PROJECT_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'invitation_not_found', 'invitation_inactive'],
});

export const acceptInvitation = defineOperation({
  operationId: 'acceptInvitation',
  tag: 'Members',
  permission: null,
  auth: 'session',
  method: 'post',
  path: '/api/v1/invitations/accept',
  summary: 'Accept invitation',
  description:
    'Makes the account a member, with the token of the mail. Its address must be the invited one, and is verified by the token. All invitations of an address are accepted when it is verified in another way.',
  request: acceptInvitationRequest,
  example: { token: 'zC8nA0Yx3m1V7sQkT5uJ2bR9fE6hD4gL0pWiXoNvMyk' },
  response: publicProject,
  errors: [
    ...SESSION_ERRORS,
    ...BODY_ERRORS,
    'invalid_token',
    'invitation_for_other_account',
    'project_archived',
    'limit_exceeded',
  ],
});

/** In the order of the reference. */
export const invitationsOperations = [listInvitations, createInvitation, revokeInvitation, acceptInvitation] as const;
