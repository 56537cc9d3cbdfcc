import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { RECOVERY_CODES } from '@xerotier/contracts/auth';
import type { secondFactorContract } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import { PasswordCheck } from '../passwords/password-check.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { newRecoveryCode, recoveryCodeHash } from './recovery-codes.ts';
import { SecondFactorCheck } from './second-factor-check.ts';
import { SecondFactorRepository } from './second-factor.repository.ts';
import type { Totp } from './totp.entity.ts';
import { newTotpSecret, totpUri } from './totp-codes.ts';

type Operations = typeof secondFactorContract.operations;
export type SecondFactorInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type SecondFactorOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The second factor of an account: enables, changes and disables it. The account is locked first, as by a sign-in. */
@Injectable()
export class SecondFactorService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly attempts: Attempts,
    private readonly passwords: PasswordCheck,
    private readonly check: SecondFactorCheck,
    private readonly notices: SecurityNotices,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * @throws {AppError} `account.invalid_credentials` without the password of an account that has one, `second_factor.enabled`,
   * `account.too_many_attempts`, `account.overloaded`, `db.unavailable`.
   */
  async begin(input: SecondFactorInput<'beginTotp'>): Promise<SecondFactorOutput<'beginTotp'>> {
    const secret = newTotpSecret();
    const account = await this.authenticated(input, ['password'], async (manager, { id }) => {
      const repository = new SecondFactorRepository(manager);
      if (isEnabled(await repository.find(id))) throw new AppError('second_factor.enabled');
      await repository.savePending(id, this.check.seal(id, secret));
    });
    return { secret, uri: totpUri(secret, account.email) };
  }

  /**
   * @throws {AppError} `account.invalid_code`, `second_factor.enabled`, `second_factor.not_enabled` without a secret,
   * `account.too_many_attempts`, `db.unavailable`.
   */
  async confirm(input: SecondFactorInput<'confirmTotp'>): Promise<SecondFactorOutput<'confirmTotp'>> {
    const recoveryCodes = newRecoveryCodes();
    await this.authenticated(input, ['code'], async (manager, account) => {
      const { id } = account;
      const repository = new SecondFactorRepository(manager);
      const totp = ensure(await repository.find(id), 'second_factor.not_enabled');
      if (isEnabled(totp)) throw new AppError('second_factor.enabled');
      await repository.confirm(id, ensure(this.check.stepOf(totp, input.code), 'account.invalid_code'));
      await replaceCodes(manager, id, recoveryCodes);
      await new SessionsRepository(manager).revokeOthers(id, input.sessionId);
      await this.notices.add(manager, account, { kind: 'second_factor_enabled' });
    });
    return { recoveryCodes };
  }

  /** @throws {AppError} `account.invalid_code`, `second_factor.not_enabled`, `account.too_many_attempts`, `db.unavailable`. */
  async replaceRecoveryCodes(
    input: SecondFactorInput<'replaceRecoveryCodes'>,
  ): Promise<SecondFactorOutput<'replaceRecoveryCodes'>> {
    const recoveryCodes = newRecoveryCodes();
    await this.authenticated(input, ['code'], async (manager, account) => {
      await this.check.useTotp(manager, await enabledTotp(manager, account.id), input.code);
      await replaceCodes(manager, account.id, recoveryCodes);
      await this.notices.add(manager, account, { kind: 'recovery_codes_replaced' });
    });
    return { recoveryCodes };
  }

  /**
   * @throws {AppError} `account.invalid_credentials`, `account.invalid_code`, `second_factor.not_enabled`,
   * `account.too_many_attempts`, `account.overloaded`, `db.unavailable`.
   */
  async disable(input: SecondFactorInput<'disableTotp'>): Promise<void> {
    await this.authenticated(input, ['password', 'code'], async (manager, account) => {
      await this.check.use(manager, account, await enabledTotp(manager, account.id), input.code);
      await new SecondFactorRepository(manager).delete(account.id);
      await this.notices.add(manager, account, { kind: 'second_factor_disabled' });
    });
  }

  /**
   * Runs work on the locked account, in a transaction, after its password was verified if `proofs` has it and the account has one.
   * Wrong passwords and wrong codes count towards the limits of a sign-in.
   */
  private async authenticated(
    { accountId, clientAddress, currentPassword }: SecondFactorInput<'beginTotp'>,
    proofs: readonly ('password' | 'code')[],
    work: (manager: EntityManager, account: Account) => Promise<void>,
  ): Promise<Account> {
    const found = await new AccountsRepository(this.database.manager).findById(accountId);
    const account = ensure(found, 'account.invalid_credentials');
    const needsPassword = proofs.includes('password') && account.passwordHash !== null;
    if (needsPassword) {
      const password = ensure(currentPassword, 'account.invalid_credentials');
      await this.attempts.countWrongPassword(account.email, clientAddress, () =>
        this.passwords.verify(account, password),
      );
    }
    const change = (): Promise<void> =>
      withDbErrors(() =>
        this.database.transaction(async (manager) => {
          const locked = await new AccountsRepository(manager).lock(accountId);
          if (locked === null || (needsPassword && locked.passwordHash !== account.passwordHash))
            throw new AppError('account.invalid_credentials');
          await work(manager, locked);
        }),
      );
    if (proofs.includes('code')) await this.attempts.countWrongCode(account.email, clientAddress, change);
    else await change();
    this.sessions.announce({ accountId });
    return account;
  }
}

function isEnabled(totp: Totp | null): totp is Totp {
  return totp !== null && totp.confirmedAt !== null;
}

/** @throws {AppError} `second_factor.not_enabled`. */
async function enabledTotp(manager: EntityManager, accountId: string): Promise<Totp> {
  const totp = await new SecondFactorRepository(manager).find(accountId);
  if (!isEnabled(totp)) throw new AppError('second_factor.not_enabled');
  return totp;
}

function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
}

async function replaceCodes(manager: EntityManager, accountId: string, codes: readonly string[]): Promise<void> {
  const hashes = codes.map((code) => recoveryCodeHash(accountId, code));
  await new SecondFactorRepository(manager).replaceRecoveryCodes(accountId, hashes);
}
