import { Inject, Injectable } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { AccountsService } from './accounts.service.ts';
import type { AccountsInput, AccountsOutput } from './accounts.service.ts';

const operations = accountsContract.operations;

/** Serves registration, sign-in and change of the password. What is rejected is logged with the client address, to detect guessing. */
@Injectable()
export class AccountsHandlers {
  constructor(
    private readonly accounts: AccountsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(operations.register)
  register(input: AccountsInput<'register'>): Promise<AccountsOutput<'register'>> {
    return this.logged('register', input, () => this.accounts.register(input));
  }

  @Serves(operations.signIn)
  signIn(input: AccountsInput<'signIn'>): Promise<AccountsOutput<'signIn'>> {
    return this.logged('signIn', input, () => this.accounts.signIn(input));
  }

  @Serves(operations.changePassword)
  async changePassword(input: AccountsInput<'changePassword'>): Promise<Record<string, never>> {
    await this.logged('changePassword', input, () => this.accounts.changePassword(input));
    return {};
  }

  private async logged<T>(
    operation: string,
    { clientAddress }: { readonly clientAddress: string },
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code, status } = AppError.from(error);
      if (status < 500) this.log.info('credentials rejected', { operation, code, clientAddress });
      throw error;
    }
  }
}
