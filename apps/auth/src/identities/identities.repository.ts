import type { IdentityProviderId } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { AccountIdentity } from './account-identity.entity.ts';

const PER_ACCOUNT_MAX = 100;

/** Created per transaction: see SeedRepository. */
export class IdentitiesRepository {
  constructor(private readonly manager: EntityManager) {}

  find(issuer: string, subject: string): Promise<AccountIdentity | null> {
    return withDbErrors(() => this.manager.findOneBy(AccountIdentity, { issuer, subject }));
  }

  /** Oldest first. */
  listOf(accountId: string): Promise<AccountIdentity[]> {
    return withDbErrors(() =>
      this.manager.find(AccountIdentity, { where: { accountId }, order: { createdAt: 'ASC' }, take: PER_ACCOUNT_MAX }),
    );
  }

  /** @throws {AppError} `identity.in_use` if it is linked already, `identity.linked_already`, `db.unavailable`. */
  async insert(identity: Omit<AccountIdentity, 'createdAt'>): Promise<void> {
    await withDbErrors(() => this.manager.insert(AccountIdentity, identity), {
      account_identity_pkey: (cause) => new AppError('identity.in_use', {}, { cause }),
      account_identity_account_key: (cause) => new AppError('identity.linked_already', {}, { cause }),
    });
  }

  async delete(accountId: string, provider: IdentityProviderId): Promise<void> {
    await withDbErrors(() => this.manager.delete(AccountIdentity, { accountId, provider }));
  }
}
