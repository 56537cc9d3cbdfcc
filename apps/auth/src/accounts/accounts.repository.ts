import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { randomBytes } from 'node:crypto';
import { IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Account } from './account.entity.ts';

/** Created per transaction: see SeedRepository. */
export class AccountsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** @param email in lower case. */
  findByEmail(email: string): Promise<Account | null> {
    return withDbErrors(() => this.manager.findOneBy(Account, { email }));
  }

  findById(id: string): Promise<Account | null> {
    return withDbErrors(() => this.manager.findOneBy(Account, { id }));
  }

  /** As `findById`; until the transaction ends, nobody else can change the account. */
  lock(id: string): Promise<Account | null> {
    return withDbErrors(() => this.manager.findOne(Account, { where: { id }, lock: { mode: 'for_no_key_update' } }));
  }

  /** Until the transaction ends, nobody else can give or take system roles: rules about all admins hold for concurrent changes. */
  async lockSystemRoles(): Promise<void> {
    await withDbErrors(() =>
      this.manager.query("SELECT pg_advisory_xact_lock(hashtextextended('xerotier system roles', 0))"),
    );
  }

  /** Whether there is an admin who can sign in. */
  hasAdmin(): Promise<boolean> {
    return withDbErrors(() => this.manager.existsBy(Account, { systemRole: 'admin', disabledAt: IsNull() }));
  }

  async administer(id: string, values: Partial<Pick<Account, 'systemRole' | 'disabledAt'>>): Promise<void> {
    await withDbErrors(() => this.manager.update(Account, { id }, values));
  }

  /** Returns the new row. @throws {AppError} `account.email_taken`, `db.unavailable`. */
  async insert(account: Pick<Account, 'email' | 'name' | 'passwordHash'>): Promise<Account> {
    const id = `user_${randomBytes(12).toString('hex')}`;
    const row = this.manager.create(Account, {
      systemRole: null,
      emailVerifiedAt: null,
      disabledAt: null,
      ...account,
      id,
    });
    await withDbErrors(() => this.manager.insert(Account, row), {
      account_email_key: (cause) => new AppError('account.email_taken', {}, { cause }),
    });
    return row;
  }

  /** Replaces the hash unless it has changed in the meantime. */
  async replaceHash({ id, passwordHash: previous }: Account, passwordHash: string): Promise<void> {
    await withDbErrors(() =>
      this.manager.query('UPDATE auth.account SET password_hash = $3 WHERE id = $1 AND password_hash = $2', [
        id,
        previous,
        passwordHash,
      ]),
    );
  }

  /** Replaces the password. */
  async setPassword(id: string, passwordHash: string): Promise<void> {
    await withDbErrors(() => this.manager.update(Account, { id }, { passwordHash }));
  }

  /** @returns whether the address was not verified before. */
  async markVerified(id: string): Promise<boolean> {
    // TypeORM returns the rows and the count of an UPDATE.
    const [, count] = await withDbErrors(() =>
      this.manager.query<[unknown[], number]>(
        'UPDATE auth.account SET email_verified_at = now() WHERE id = $1 AND email_verified_at IS NULL',
        [id],
      ),
    );
    return count > 0;
  }
}
