import { Inject, Injectable } from '@nestjs/common';
import { accountEmailsContract } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { logRejected } from '../attempts/log-rejected.ts';
import type { AccountEmailsInput } from '../email-verifications/email-verifications.service.ts';
import { PasswordResetsService } from './password-resets.service.ts';

const operations = accountEmailsContract.operations;

/** Serves password resets. */
@Injectable()
export class PasswordResetsHandlers {
  constructor(
    private readonly resets: PasswordResetsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(operations.requestPasswordReset)
  async request(input: AccountEmailsInput<'requestPasswordReset'>): Promise<Record<string, never>> {
    await this.resets.request(input);
    return {};
  }

  @Serves(operations.resetPassword)
  async reset(input: AccountEmailsInput<'resetPassword'>): Promise<Record<string, never>> {
    await logRejected(this.log, 'resetPassword', input, () => this.resets.reset(input));
    return {};
  }
}
