/**
 * Invitations to a project, by e-mail address. An account with this address that is verified becomes a member at once. Anybody else
 * gets a link by mail: nobody becomes a member without having proven that it reads the mail of this address.
 */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId, requestId } from '../ids.ts';
import { accountId, memberRole, oneTimeTokenHash, projectRecord } from './accounts.contract.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';

export const invitationId = z.string().regex(/^inv_[0-9a-f]{24}$/);

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();
const email = z.email().max(254);

export const invitationRecord = z.object({
  id: invitationId,
  email,
  role: memberRole,
  status: z.enum(['pending', 'accepted', 'revoked', 'expired']),
  /** Who has accepted it. */
  accountId: accountId.nullable(),
  createdAt: instant,
  expiresAt: instant,
});
export type InvitationRecord = z.infer<typeof invitationRecord>;

export const PENDING_INVITATIONS_MAX = 100;
export const INVITATION_DAYS = 7;

const TIMEOUT_MS = 5_000;

/** The invitation of another project is `invitation.not_found`, like one that does not exist. */
export const invitationsContract = service('auth', {
  listInvitations: request({
    subject: 'auth.v1.invitations.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: invitationId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
      /** Whether others than pending ones are listed too. */
      includeInactive: z.boolean(),
    }),
    output: z.object({ data: z.array(invitationRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  /** Replaces a pending invitation of the same address. */
  createInvitation: request({
    subject: 'auth.v1.invitations.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context: changeContext, email, role: memberRole }),
    output: invitationRecord,
    errors: [
      'project.not_found',
      'member.exists',
      'member.too_many',
      'invitation.too_many',
      'account.too_many_attempts',
      ...CHANGE_ERRORS,
    ],
  }),
  /** Permanent. Revoking a revoked one changes nothing. */
  revokeInvitation: request({
    subject: 'auth.v1.invitations.revoke',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context: changeContext, invitationId }),
    output: invitationRecord,
    errors: ['invitation.not_found', 'invitation.inactive', ...CHANGE_ERRORS],
  }),
  /** Makes the account a member. Its address must be that of the invitation; it is verified by the token. */
  acceptInvitation: request({
    subject: 'auth.v1.invitations.accept',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, tokenHash: oneTimeTokenHash, clientAddress: z.string().max(64), requestId }),
    output: projectRecord,
    errors: [
      'account.invalid_token',
      'invitation.other_account',
      'member.too_many',
      'project.archived',
      'outbox.full',
      'db.unavailable',
    ],
  }),
});
