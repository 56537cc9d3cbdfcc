import { Inject, Injectable } from '@nestjs/common';
import { accountEmailsContract } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import type { AccountEmailsInput } from '../email-verifications/email-verifications.service.ts';
import { PasswordResetsService } from './password-resets.service.ts';

const operations = accountEmailsContract.operations;

/** Serves password resets. Invalid links are logged with the client address, to detect guessing. */
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
    try {
      await this.resets.reset(input);
    } catch (error) {
      const { code, status } = AppError.from(error);
      const { clientAddress } = input;
      if (status < 500) this.log.info('credentials rejected', { operation: 'resetPassword', code, clientAddress });
      throw error;
    }
    return {};
  }
}
