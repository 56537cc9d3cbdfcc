import { Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { SecretBox } from '@xerotier/sealing';
import type { EntityManager } from 'typeorm';
import type { Account } from '../accounts/account.entity.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { recoveryCodeHash } from './recovery-codes.ts';
import { SecondFactorRepository } from './second-factor.repository.ts';
import { stepOfCode } from './totp-codes.ts';
import type { Totp } from './totp.entity.ts';

/** Verifies codes of the second factor. Each is used up by the transaction that it is verified in, if that commits. */
@Injectable()
export class SecondFactorCheck {
  constructor(
    private readonly secrets: SecretBox,
    private readonly notices: SecurityNotices,
  ) {}

  /**
   * For a sign-in: does nothing if the account has no second factor.
   * @param code a TOTP or a recovery code. @throws {AppError} `account.second_factor_required` without one; `account.invalid_code`.
   */
  async require(manager: EntityManager, account: Account, code: string | undefined): Promise<void> {
    const totp = await new SecondFactorRepository(manager).find(account.id);
    if (totp === null || totp.confirmedAt === null) return;
    if (code === undefined) throw new AppError('account.second_factor_required');
    await this.use(manager, account, totp, code);
  }

  /** @param code a TOTP or a recovery code. @throws {AppError} `account.invalid_code`. */
  async use(manager: EntityManager, account: Account, totp: Totp, code: string): Promise<void> {
    const repository = new SecondFactorRepository(manager);
    const step = this.stepOf(totp, code);
    if (step !== undefined) {
      if (await repository.useStep(account.id, step)) return;
    } else if (await repository.useRecoveryCode(account.id, recoveryCodeHash(account.id, code))) {
      const left = await repository.countUnused(account.id);
      return this.notices.add(manager, account, { kind: 'recovery_code_used', left });
    }
    throw new AppError('account.invalid_code');
  }

  /** As `use`, of a TOTP only. */
  async useTotp(manager: EntityManager, totp: Totp, code: string): Promise<void> {
    const step = this.stepOf(totp, code);
    if (step === undefined || !(await new SecondFactorRepository(manager).useStep(totp.accountId, step)))
      throw new AppError('account.invalid_code');
  }

  /** The time step of a TOTP; undefined if the code is not valid now. */
  stepOf({ accountId, secret }: Totp, code: string): number | undefined {
    return stepOfCode(this.secrets.openJson(secret, totpContext(accountId)) as string, code);
  }

  seal(accountId: string, secret: string): Buffer {
    return this.secrets.sealJson(secret, totpContext(accountId));
  }
}

/** A secret opens for its account only: a row that was copied to another account is of no use. */
export function totpContext(accountId: string): readonly string[] {
  return ['totp', accountId];
}
