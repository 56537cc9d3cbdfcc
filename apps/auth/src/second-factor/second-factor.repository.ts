import type { AccountRecord } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { RecoveryCode } from './recovery-code.entity.ts';
import { Totp } from './totp.entity.ts';

/** Created per transaction: see SeedRepository. */
export class SecondFactorRepository {
  constructor(private readonly manager: EntityManager) {}

  find(accountId: string): Promise<Totp | null> {
    return withDbErrors(() => this.manager.findOneBy(Totp, { accountId }));
  }

  /** What the account is told about its second factor; undefined if none is enabled. */
  async describe(accountId: string): Promise<AccountRecord['secondFactor']> {
    const confirmedAt = (await this.find(accountId))?.confirmedAt ?? null;
    if (confirmedAt === null) return undefined;
    return { enabledAt: confirmedAt.getTime(), recoveryCodesLeft: await this.countUnused(accountId) };
  }

  countUnused(accountId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(RecoveryCode, { accountId, usedAt: IsNull() }));
  }

  /** Replaces a secret that was not confirmed. The account must be locked, and must have no confirmed one. */
  async savePending(accountId: string, secret: Buffer): Promise<void> {
    await withDbErrors(async () => {
      await this.manager.delete(Totp, { accountId });
      await this.manager.insert(Totp, { accountId, secret, confirmedAt: null, lastStep: null });
    });
  }

  async confirm(accountId: string, lastStep: number): Promise<void> {
    await withDbErrors(() => this.manager.update(Totp, { accountId }, { confirmedAt: new Date(), lastStep }));
  }

  /** @returns false if this step, or a later one, was used. Of concurrent transactions one uses it. */
  async useStep(accountId: string, step: number): Promise<boolean> {
    // TypeORM returns the rows and the count of an UPDATE.
    const [, count] = await withDbErrors(() =>
      this.manager.query<[unknown[], number]>(
        'UPDATE auth.totp SET last_step = $2 WHERE account_id = $1 AND last_step < $2',
        [accountId, step],
      ),
    );
    return count > 0;
  }

  /** @returns false if there is no such code, or it was used. Of concurrent transactions one uses it. */
  async useRecoveryCode(accountId: string, hash: Buffer): Promise<boolean> {
    const [, count] = await withDbErrors(() =>
      this.manager.query<[unknown[], number]>(
        'UPDATE auth.recovery_code SET used_at = now() WHERE account_id = $1 AND hash = $2 AND used_at IS NULL',
        [accountId, hash],
      ),
    );
    return count > 0;
  }

  async replaceRecoveryCodes(accountId: string, hashes: readonly Buffer[]): Promise<void> {
    await withDbErrors(async () => {
      await this.manager.delete(RecoveryCode, { accountId });
      await this.manager.insert(
        RecoveryCode,
        hashes.map((hash) => ({ accountId, hash, usedAt: null })),
      );
    });
  }

  async delete(accountId: string): Promise<void> {
    await withDbErrors(async () => {
      await this.manager.delete(RecoveryCode, { accountId });
      await this.manager.delete(Totp, { accountId });
    });
  }
}
