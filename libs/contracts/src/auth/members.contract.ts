/** The members of a project: accounts with a role in it. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { accountId, memberRole } from './accounts.contract.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';

/**
 * Risk levels of operations that somebody must approve. Owners approve all of them; a member those that are delegated to it.
 * Operations of the levels below (`read`, `write`) need no approval.
 */
export const approvableRisk = z.enum(['destructive', 'irreversible']);
export type ApprovableRisk = z.infer<typeof approvableRisk>;

/** Without duplicates, lowest risk first. */
const approves = z.array(approvableRisk).max(approvableRisk.options.length);

export const memberRecord = z.object({
  accountId,
  email: z.email().max(254),
  name: z.string().min(1).max(256),
  role: memberRole,
  /** What is delegated to the member. Without effect for an owner. */
  approves,
  /** Unix milliseconds. */
  createdAt: z.number().int().nonnegative(),
});
export type MemberRecord = z.infer<typeof memberRecord>;

export const MEMBERS_PER_PROJECT_MAX = 1_000;

const TIMEOUT_MS = 5_000;
const MEMBER_ERRORS = ['project.not_found', 'member.not_found', 'member.last_owner'] as const;

/** An account that is no member of the project is `member.not_found`, like one that does not exist. */
export const membersContract = service('auth', {
  listMembers: request({
    subject: 'auth.v1.members.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last account of the previous page. */
      after: accountId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
    }),
    output: z.object({ data: z.array(memberRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getMember: request({
    subject: 'auth.v1.members.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, accountId }),
    output: memberRecord,
    errors: ['member.not_found', 'db.unavailable'],
  }),
  /** Changes what is present. The last owner of a project cannot become a member. */
  updateMember: request({
    subject: 'auth.v1.members.update',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      accountId,
      role: memberRole.optional(),
      approves: approves.optional(),
    }),
    output: memberRecord,
    errors: [...MEMBER_ERRORS, ...CHANGE_ERRORS],
  }),
  /** The last owner of a project cannot be removed. A member may remove itself. */
  removeMember: request({
    subject: 'auth.v1.members.remove',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context: changeContext, accountId }),
    output: memberRecord,
    errors: [...MEMBER_ERRORS, ...CHANGE_ERRORS],
  }),
});
