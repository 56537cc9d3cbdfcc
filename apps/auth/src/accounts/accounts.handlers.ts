import { Inject, Injectable } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { logRejected } from '../attempts/log-rejected.ts';
import { AccountsService } from './accounts.service.ts';
import type { AccountsInput, AccountsOutput } from './accounts.service.ts';

const operations = accountsContract.operations;

/** Serves registration, sign-in and change of the password. */
@Injectable()
export class AccountsHandlers {
  constructor(
    private readonly accounts: AccountsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(operations.register)
  register(input: AccountsInput<'register'>): Promise<AccountsOutput<'register'>> {
    return logRejected(this.log, 'register', input, () => this.accounts.register(input));
  }

  @Serves(operations.signIn)
  signIn(input: AccountsInput<'signIn'>): Promise<AccountsOutput<'signIn'>> {
    return logRejected(this.log, 'signIn', input, () => this.accounts.signIn(input));
  }

  @Serves(operations.changePassword)
  async changePassword(input: AccountsInput<'changePassword'>): Promise<Record<string, never>> {
    await logRejected(this.log, 'changePassword', input, () => this.accounts.changePassword(input));
    return {};
  }
}
