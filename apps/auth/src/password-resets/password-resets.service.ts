import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { CONFIG } from '@xerotier/service-host';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import type { AuthConfig } from '../config.ts';
import { ACCOUNT_LINK_MINUTES } from '../email-verifications/email-verifications.service.ts';
import type { AccountEmailsInput } from '../email-verifications/email-verifications.service.ts';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.ts';
import { mailLink } from '../mail/mail-link.ts';
import { MailQueue } from '../mail/mail-queue.ts';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.ts';
import { PasswordHasher } from '../passwords/password-hasher.ts';
import { SecurityNotices } from '../security-notices/security-notices.ts';
import { SecondFactorRepository } from '../second-factor/second-factor.repository.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';

/** New passwords for people who have lost theirs, and who read the mail of their account. */
@Injectable()
export class PasswordResetsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly attempts: Attempts,
    private readonly hasher: PasswordHasher,
    private readonly queue: MailQueue,
    private readonly notices: SecurityNotices,
    private readonly sessions: SessionsService,
    private readonly invitations: InvitationAcceptance,
    @Inject(CONFIG) private readonly config: Pick<AuthConfig, 'mail'>,
  ) {}

  /**
   * Sends a link if the address has an account. Without one the same rows are written, so that it takes the same time: a token
   * that nobody gets, and a message that has expired.
   * @throws {AppError} `account.too_many_attempts`, `db.unavailable`.
   */
  async request(input: AccountEmailsInput<'requestPasswordReset'>): Promise<void> {
    const email = input.email.toLowerCase();
    await this.attempts.mail('password_reset', email, input.clientAddress);
    const expiresAt = new Date(Date.now() + ACCOUNT_LINK_MINUTES * 60_000);
    await withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const account = await new AccountsRepository(manager).findByEmail(email);
        const isKnown = account !== null && account.disabledAt === null;
        const subject = isKnown ? account.id : `unknown ${randomUUID()}`;
        const token = await new OneTimeTokensRepository(manager).issue('password_reset', subject, expiresAt);
        const text = `Somebody, probably you, has asked for a new password for the account ${email} on Xerotier.

Open this link to choose one:

${mailLink(this.config.mail.publicUrl, 'reset-password', token)}

The link is valid for ${ACCOUNT_LINK_MINUTES} minutes, and works once. If you did not ask for it, ignore this message: the password stays as it is.
`;
        const message = { to: email, subject: 'Choose a new password', text };
        await this.queue.add(manager, message, isKnown ? expiresAt : new Date(0));
      }),
    );
  }

  /**
   * Replaces the password of the account that the link was sent to, and revokes all of its sessions. It also verifies the
   * address, forgets wrong passwords, and begins no session: a second factor stays, and is asked for, unless it is older than the proof that the address
   * belongs to the account: then somebody else may have set it up, who had registered with this address.
   * @throws {AppError} `account.invalid_token`, `account.overloaded`, `db.unavailable`.
   */
  async reset({ tokenHash, newPassword, ...client }: AccountEmailsInput<'resetPassword'>): Promise<void> {
    // Before the password is hashed, which is expensive.
    const found = await new OneTimeTokensRepository(this.database.manager).find('password_reset', tokenHash);
    ensure(found, 'account.invalid_token');
    const passwordHash = await this.hasher.hash(newPassword);
    const account = await withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const subject = await new OneTimeTokensRepository(manager).use('password_reset', tokenHash);
        const accounts = new AccountsRepository(manager);
        const locked = ensure(await accounts.lock(ensure(subject, 'account.invalid_token')), 'account.invalid_token');
        if (locked.disabledAt !== null) throw new AppError('account.invalid_token');
        await accounts.setPassword(locked.id, passwordHash);
        const isNewlyVerified = await accounts.markVerified(locked.id);
        if (isNewlyVerified) await new SecondFactorRepository(manager).delete(locked.id);
        await new SessionsRepository(manager).revokeAll(locked.id);
        await this.attempts.forgetWrongPasswords(manager, locked.email);
        await this.notices.add(manager, locked, { kind: 'password_reset' });
        return locked;
      }),
    );
    this.sessions.announce({ accountId: account.id });
    await this.invitations.acceptAllOf(account, client);
  }
}
