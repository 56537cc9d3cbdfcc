import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { accountEmailsContract, AccountRecord } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Account } from '../accounts/account.entity.ts';
import { accountRecordOf } from '../accounts/account-record.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import type { AuthConfig } from '../config.ts';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.ts';
import { mailLink } from '../mail/mail-link.ts';
import { MailQueue } from '../mail/mail-queue.ts';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';

type Operations = typeof accountEmailsContract.operations;
export type AccountEmailsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** How long links about an account are valid. */
export const ACCOUNT_LINK_MINUTES = 30;

/** Proofs that the e-mail address of an account is its own. */
@Injectable()
export class EmailVerificationsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly attempts: Attempts,
    private readonly queue: MailQueue,
    private readonly invitations: InvitationAcceptance,
    private readonly sessions: SessionsService,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'mail'>,
  ) {}

  /** Sends a link, if and when the transaction commits. */
  async send(manager: EntityManager, { id, email }: Account): Promise<void> {
    const expiresAt = new Date(Date.now() + ACCOUNT_LINK_MINUTES * 60_000);
    const token = await new OneTimeTokensRepository(manager).issue('email_verification', id, expiresAt);
    const text = `An account on Xerotier was registered with the address ${email}.

If it is yours, sign in and open this link to verify the address:

${mailLink(this.config.mail.publicUrl, 'verify-email', token)}

The link is valid for ${ACCOUNT_LINK_MINUTES} minutes. If you did not register, ignore this message.
`;
    await this.queue.add(manager, { to: email, subject: 'Verify your e-mail address', text }, expiresAt);
  }

  /** @throws {AppError} `account.too_many_attempts`, `db.unavailable`. */
  async request({ accountId, clientAddress }: AccountEmailsInput<'requestEmailVerification'>): Promise<void> {
    const account = await new AccountsRepository(this.database.manager).findById(accountId);
    if (account === null || account.emailVerifiedAt !== null) return;
    await this.attempts.mail('verification', account.email, clientAddress);
    await withDbErrors(() => this.database.transaction((manager) => this.send(manager, account)));
  }

  /**
   * Verifies the address of the account that the link was sent to, and accepts its pending invitations.
   * @throws {AppError} `account.invalid_token`, also for the link of another account, which stays valid; `db.unavailable`.
   */
  async verify({ accountId, tokenHash, ...client }: AccountEmailsInput<'verifyEmail'>): Promise<AccountRecord> {
    const account = await withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const subject = await new OneTimeTokensRepository(manager).use('email_verification', tokenHash);
        if (subject !== accountId) throw new AppError('account.invalid_token');
        const accounts = new AccountsRepository(manager);
        await accounts.markVerified(accountId);
        return ensure(await accounts.findById(accountId), 'account.invalid_token');
      }),
    );
    await this.invitations.acceptAllOf(account, client);
    this.sessions.announce({ accountId });
    return accountRecordOf(this.database.manager, account);
  }
}
