import type { AccountRecord } from '@xerotier/contracts/auth';
import type { EntityManager } from 'typeorm';
import { SecondFactorRepository } from '../second-factor/second-factor.repository.ts';
import type { Account } from './account.entity.ts';

/** An account as other services see it: without its password hash. @throws {AppError} `db.unavailable`. */
export async function accountRecordOf(manager: EntityManager, account: Account): Promise<AccountRecord> {
  const { id, email, name, systemRole, emailVerifiedAt, createdAt } = account;
  const secondFactor = await new SecondFactorRepository(manager).describe(id);
  return {
    ...{ id, email, name, systemRole },
    emailVerifiedAt: emailVerifiedAt?.getTime() ?? null,
    ...(secondFactor !== undefined && { secondFactor }),
    createdAt: createdAt.getTime(),
  };
}
