/**
 * Accounts of people, their sessions and their projects. A session is known by the SHA-256 of its token: the gateway generates the
 * token, and it never leaves the gateway. A password crosses the bus, since only this service may have the means to verify it.
 */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId, requestId, slug } from '../ids.ts';
import { idempotencyKey } from './change.ts';

export const accountId = z.string().regex(/^user_[0-9a-f]{24}$/);
export const sessionId = z.string().regex(/^sess_[0-9a-f]{24}$/);

/** The role of an account in a project. */
export const memberRole = z.enum(['owner', 'member']);
export type MemberRole = z.infer<typeof memberRole>;

/** What an account may do on the platform as a whole; most have no such role. */
export const systemRole = z.enum(['admin', 'operator']);
export type SystemRole = z.infer<typeof systemRole>;

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();
const name = z.string().min(1).max(256);
const email = z.email().max(254);
/** Checked at the edge, where it is chosen; here it is only bounded. */
const password = z.string().min(1).max(1_024);
/** SHA-256 of the token in hex. */
const tokenHash = z.string().regex(/^[0-9a-f]{64}$/);

/** SHA-256 of the token in a link of a mail, in hex: the token itself never leaves the gateway. */
export const oneTimeTokenHash = tokenHash;

export const accountRecord = z.object({
  id: accountId,
  email,
  name,
  systemRole: systemRole.nullable(),
  emailVerifiedAt: instant.nullable(),
  /** Absent if no second factor is enabled. */
  secondFactor: z.object({ enabledAt: instant, recoveryCodesLeft: z.number().int().nonnegative() }).optional(),
  createdAt: instant,
});
export type AccountRecord = z.infer<typeof accountRecord>;

export const sessionRecord = z.object({
  id: sessionId,
  createdAt: instant,
  /** Up to a minute behind. */
  lastSeenAt: instant,
  expiresAt: instant,
  clientAddress: z.string(),
  userAgent: z.string(),
});
export type SessionRecord = z.infer<typeof sessionRecord>;

export const membership = z.object({ projectId, projectSlug: slug, role: memberRole });
export type Membership = z.infer<typeof membership>;

/** A project, with the role of the account that asks. */
export const projectRecord = z.object({
  id: projectId,
  slug,
  name,
  role: memberRole,
  createdAt: instant,
  /** Absent if it is not archived. */
  archivedAt: instant.optional(),
});
export type ProjectRecord = z.infer<typeof projectRecord>;

const client = z.object({ clientAddress: z.string().max(64), userAgent: z.string().max(512) });
const newSession = client.extend({ tokenHash });
const signedIn = z.object({ account: accountRecord, session: sessionRecord });

export const activeSession = signedIn.extend({ memberships: z.array(membership).max(1_000) });
export type ActiveSession = z.infer<typeof activeSession>;

export const memberAccess = z.object({
  role: memberRole,
  project: z.object({ id: projectId, slug }),
  endpoints: z.array(z.object({ id: z.uuid(), slug })).max(1_000),
});
export type MemberAccess = z.infer<typeof memberAccess>;

export const PROJECTS_PER_ACCOUNT_MAX = 100;
/** The oldest session beyond this is revoked. */
export const SESSIONS_PER_ACCOUNT_MAX = 100;

const TIMEOUT_MS = 5_000;
/** Passwords wait for their turn: see PasswordHasher. */
const PASSWORD_TIMEOUT_MS = 15_000;

export const accountsContract = service('auth', {
  /** Creates an account with its first session. */
  register: request({
    subject: 'auth.v1.accounts.register',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: newSession.extend({ email, password, name }),
    output: signedIn,
    errors: ['account.email_taken', 'account.too_many_attempts', 'account.overloaded', 'db.unavailable'],
  }),
  /**
   * An unknown e-mail address and a wrong password are the same error. An account with a second factor needs a code too; whether
   * it has one is told for the right password only. Wrong codes are limited per account.
   */
  signIn: request({
    subject: 'auth.v1.accounts.sign-in',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: newSession.extend({ email, password, code: z.string().min(1).max(64).optional() }),
    output: signedIn,
    errors: [
      'account.invalid_credentials',
      'account.second_factor_required',
      'account.invalid_code',
      'account.disabled',
      'account.too_many_attempts',
      'account.overloaded',
      'db.unavailable',
    ],
  }),
  /** Revokes all other sessions of the account. A wrong current password counts as a failed sign-in. */
  changePassword: request({
    subject: 'auth.v1.accounts.change-password',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: z.object({
      accountId,
      sessionId,
      currentPassword: password,
      newPassword: password,
      clientAddress: z.string().max(64),
    }),
    output: z.object({}),
    errors: ['account.invalid_credentials', 'account.too_many_attempts', 'account.overloaded', 'db.unavailable'],
  }),
  getSession: request({
    subject: 'auth.v1.sessions.get',
    timeoutMs: 2_000,
    input: z.object({ tokenHash }),
    output: activeSession,
    errors: ['session.invalid', 'db.unavailable'],
  }),
  /** Active sessions, newest first. */
  listSessions: request({
    subject: 'auth.v1.sessions.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId }),
    output: z.object({ data: z.array(sessionRecord).max(SESSIONS_PER_ACCOUNT_MAX) }),
    errors: ['db.unavailable'],
  }),
  /** Permanent. A session that has ended, or belongs to another account, is `session.not_found`. */
  revokeSession: request({
    subject: 'auth.v1.sessions.revoke',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, sessionId }),
    output: z.object({}),
    errors: ['session.not_found', 'db.unavailable'],
  }),
  /** Revokes all sessions of the account but one. */
  revokeOtherSessions: request({
    subject: 'auth.v1.sessions.revoke-others',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, sessionId }),
    output: z.object({ revoked: z.number().int().nonnegative() }),
    errors: ['db.unavailable'],
  }),
  /** Revokes the session of a token; one that has ended already stays so. */
  signOut: request({
    subject: 'auth.v1.sessions.sign-out',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ tokenHash }),
    output: z.object({}),
    errors: ['db.unavailable'],
  }),
  /** What a signed-in user may do in a project. Without a membership it is `project.not_found`, as for one that does not exist. */
  getMemberAccess: request({
    subject: 'auth.v1.members.access',
    timeoutMs: 2_000,
    input: z.object({ accountId, projectId }),
    output: memberAccess,
    errors: ['project.not_found', 'db.unavailable'],
  }),
  /** Creates a project with a team of its own; the account becomes its owner. */
  createProject: request({
    subject: 'auth.v1.projects.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      accountId,
      clientAddress: z.string().max(64),
      requestId,
      name,
      slug,
      idempotencyKey: idempotencyKey.optional(),
    }),
    output: projectRecord,
    errors: ['project.too_many', 'idempotency.key_reused', 'outbox.full', 'db.unavailable'],
  }),
  /** The projects that the account is a member of, newest first. */
  listProjects: request({
    subject: 'auth.v1.projects.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId }),
    output: z.object({ data: z.array(projectRecord).max(1_000) }),
    errors: ['db.unavailable'],
  }),
});
