import type { AccountRecord, ProjectRecord, SessionRecord } from '@xerotier/contracts/auth';
import type { createProject, createSession, getAccount } from '@xerotier/public-api/accounts';
import type { ResponseOf } from '@xerotier/public-api/operation';

export function publicAccountOf(account: AccountRecord): ResponseOf<typeof getAccount> {
  const { id, email, name, systemRole, emailVerifiedAt, secondFactor, createdAt } = account;
  return {
    ...{ id, object: 'account', email, name, system_role: systemRole },
    email_verified_at: emailVerifiedAt === null ? null : secondsOf(emailVerifiedAt),
    second_factor:
      secondFactor === undefined
        ? null
        : { enabled_at: secondsOf(secondFactor.enabledAt), recovery_codes_left: secondFactor.recoveryCodesLeft },
    created_at: secondsOf(createdAt),
  };
}

export function publicSessionOf(session: SessionRecord, isCurrent: boolean): ResponseOf<typeof createSession> {
  const { id, createdAt, lastSeenAt, expiresAt, clientAddress, userAgent } = session;
  return {
    ...{ id, object: 'session', is_current: isCurrent },
    ...{ created_at: secondsOf(createdAt), last_seen_at: secondsOf(lastSeenAt), expires_at: secondsOf(expiresAt) },
    ...{ client_address: clientAddress, user_agent: userAgent },
  };
}

export function publicProjectOf(project: ProjectRecord): ResponseOf<typeof createProject> {
  const { id, name, slug, role, createdAt, archivedAt } = project;
  return {
    ...{ id, object: 'project', name, slug, role },
    archived_at: archivedAt === undefined ? null : secondsOf(archivedAt),
    created_at: secondsOf(createdAt),
  };
}

function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
