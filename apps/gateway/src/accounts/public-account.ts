import type { AccountRecord, ProjectRecord, SessionRecord } from '@xerotier/contracts/auth';
import type { createProject, createSession, getAccount } from '@xerotier/public-api/accounts';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { unixSeconds, unixSecondsOrNull } from '../unix-seconds.ts';

export function publicAccountOf(account: AccountRecord): ResponseOf<typeof getAccount> {
  const { id, email, name, systemRole, emailVerifiedAt, secondFactor, createdAt } = account;
  return {
    ...{ id, object: 'account', email, name, system_role: systemRole },
    email_verified_at: unixSecondsOrNull(emailVerifiedAt),
    second_factor:
      secondFactor === undefined
        ? null
        : { enabled_at: unixSeconds(secondFactor.enabledAt), recovery_codes_left: secondFactor.recoveryCodesLeft },
    created_at: unixSeconds(createdAt),
  };
}

export function publicSessionOf(session: SessionRecord, isCurrent: boolean): ResponseOf<typeof createSession> {
  const { id, createdAt, lastSeenAt, expiresAt, clientAddress, userAgent } = session;
  return {
    ...{ id, object: 'session', is_current: isCurrent },
    ...{
      created_at: unixSeconds(createdAt),
      last_seen_at: unixSeconds(lastSeenAt),
      expires_at: unixSeconds(expiresAt),
    },
    ...{ client_address: clientAddress, user_agent: userAgent },
  };
}

export function publicProjectOf(project: ProjectRecord): ResponseOf<typeof createProject> {
  const { id, name, slug, role, createdAt, archivedAt } = project;
  return {
    ...{ id, object: 'project', name, slug, role },
    archived_at: archivedAt === undefined ? null : unixSeconds(archivedAt),
    created_at: unixSeconds(createdAt),
  };
}
