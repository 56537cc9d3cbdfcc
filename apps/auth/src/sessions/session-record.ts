import type { SessionRecord } from '@xerotier/contracts/auth';
import type { Session } from './session.entity.ts';

/** A session as other services see it: without the hash of its token. */
export function sessionRecordOf(session: Session): SessionRecord {
  const { id, createdAt, lastSeenAt, expiresAt, clientAddress, userAgent } = session;
  return {
    ...{ id, clientAddress, userAgent },
    createdAt: createdAt.getTime(),
    lastSeenAt: lastSeenAt.getTime(),
    expiresAt: expiresAt.getTime(),
  };
}
