import { Injectable } from '@nestjs/common';
import { accountEmailsContract } from '@xerotier/contracts/auth';
import type { AccountRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { EmailVerificationsService } from './email-verifications.service.ts';
import type { AccountEmailsInput } from './email-verifications.service.ts';

const operations = accountEmailsContract.operations;

/** Serves the verification of e-mail addresses. */
@Injectable()
export class EmailVerificationsHandlers {
  constructor(private readonly verifications: EmailVerificationsService) {}

  @Serves(operations.requestEmailVerification)
  async request(input: AccountEmailsInput<'requestEmailVerification'>): Promise<Record<string, never>> {
    await this.verifications.request(input);
    return {};
  }

  @Serves(operations.verifyEmail)
  verify(input: AccountEmailsInput<'verifyEmail'>): Promise<AccountRecord> {
    return this.verifications.verify(input);
  }
}
