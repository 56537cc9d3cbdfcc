/** What operators of the platform see and change: all accounts, all projects, and the audit log of such changes. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId, slug } from '../ids.ts';
import { accountId, accountRecord, systemRole } from './accounts.contract.ts';
import { auditEventId, auditEventRecord } from './audit.contract.ts';
import { systemChangeContext } from './system-changes.ts';

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();
const count = z.number().int().nonnegative();

export const administeredAccount = accountRecord.extend({
  /** Null if it is not disabled. */
  disabledAt: instant.nullable(),
  /** Projects that it is a member of. */
  projects: count,
});
export type AdministeredAccount = z.infer<typeof administeredAccount>;

/** A project from outside: who is responsible for it, and how large it is; nothing of its content. */
export const administeredProject = z.object({
  id: projectId,
  slug,
  name: z.string(),
  /** The oldest ones, at most 10. */
  owners: z.array(accountRecord.pick({ id: true, email: true, name: true })).max(10),
  members: count,
  endpoints: count,
  /** Active ones. */
  apiKeys: count,
  createdAt: instant,
  archivedAt: instant.nullable(),
});
export type AdministeredProject = z.infer<typeof administeredProject>;

const TIMEOUT_MS = 5_000;
const context = systemChangeContext;
const page = { limit: z.number().int().min(1).max(100), order: z.enum(['asc', 'desc']) };
const changeErrors = ['account.not_found', 'account.last_admin', 'idempotency.key_reused', 'db.unavailable'] as const;

export const administrationContract = service('auth', {
  listAccounts: request({
    subject: 'auth.v1.accounts.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      ...page,
      after: accountId.optional(),
      /** Only accounts whose e-mail address contains it, whatever its case. */
      email: z.string().min(1).max(254).optional(),
    }),
    output: z.object({ data: z.array(administeredAccount).max(100), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getAccount: request({
    subject: 'auth.v1.accounts.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId }),
    output: administeredAccount,
    errors: ['account.not_found', 'db.unavailable'],
  }),
  /** Ends its sessions; it cannot sign in until it is enabled. API keys belong to projects and remain valid. */
  disableAccount: request({
    subject: 'auth.v1.accounts.disable',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, accountId }),
    output: administeredAccount,
    errors: changeErrors,
  }),
  enableAccount: request({
    subject: 'auth.v1.accounts.enable',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, accountId }),
    output: administeredAccount,
    errors: changeErrors,
  }),
  /** For somebody who has lost the app and the recovery codes. Ends its sessions, and tells it by mail. */
  resetSecondFactor: request({
    subject: 'auth.v1.accounts.reset-second-factor',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, accountId }),
    output: administeredAccount,
    errors: ['second_factor.not_found', ...changeErrors],
  }),
  setSystemRole: request({
    subject: 'auth.v1.accounts.set-system-role',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ context, accountId, systemRole: systemRole.nullable() }),
    output: administeredAccount,
    errors: changeErrors,
  }),
  listAllProjects: request({
    subject: 'auth.v1.projects.list-all',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ ...page, after: projectId.optional() }),
    output: z.object({ data: z.array(administeredProject).max(100), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getAnyProject: request({
    subject: 'auth.v1.projects.get-any',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    output: administeredProject,
    errors: ['project.not_found', 'db.unavailable'],
  }),
  /** The changes of this contract and of tiers. */
  listSystemEvents: request({
    subject: 'auth.v1.system-events.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      ...page,
      after: auditEventId.optional(),
      action: z.string().max(64).optional(),
      actorId: z.string().max(128).optional(),
      targetId: z.string().max(128).optional(),
    }),
    output: z.object({ data: z.array(auditEventRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
});
