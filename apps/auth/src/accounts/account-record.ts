import type { AccountRecord } from '@xerotier/contracts/auth';
import type { Account } from './account.entity.ts';

/** An account as other services see it: without its password hash. */
export function accountRecordOf(account: Account): AccountRecord {
  const { id, email, name, systemRole, emailVerifiedAt, createdAt } = account;
  return {
    ...{ id, email, name, systemRole },
    emailVerifiedAt: emailVerifiedAt?.getTime() ?? null,
    createdAt: createdAt.getTime(),
  };
}
