import { Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { Account } from '../accounts/account.entity.ts';
import { PasswordHasher } from './password-hasher.ts';

/** Verifies the passwords of accounts. Callers limit attempts: see `Attempts.countWrongPassword`. */
@Injectable()
export class PasswordCheck {
  constructor(private readonly hasher: PasswordHasher) {}

  /**
   * Null, for an address without an account, takes the same work as a wrong password, and is the same error.
   * @throws {AppError} `account.invalid_credentials`, `account.overloaded`.
   */
  async verify(account: Account | null, password: string): Promise<Account> {
    const isMatch = await this.hasher.verify(account?.passwordHash ?? null, password);
    if (account === null || !isMatch) throw new AppError('account.invalid_credentials');
    return account;
  }
}
