import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Account } from '../accounts/account.entity.ts';
import { MailQueue } from '../mail/mail-queue.ts';

/** What changed about how an account is protected. */
export type SecurityChange =
  | {
      readonly kind:
        | 'password_changed'
        | 'password_reset'
        | 'second_factor_enabled'
        | 'second_factor_disabled'
        | 'second_factor_reset'
        | 'recovery_codes_replaced';
    }
  | { readonly kind: 'recovery_code_used'; readonly left: number }
  | { readonly kind: 'identity_linked' | 'identity_removed'; readonly provider: string };

/** Tells people by mail of what somebody who took over their account or session would do first. */
@Injectable()
export class SecurityNotices {
  constructor(private readonly queue: MailQueue) {}

  /** Adds a message that is sent if and when the transaction commits. @throws {AppError} `db.unavailable`. */
  async add(manager: EntityManager, { email }: Pick<Account, 'email'>, change: SecurityChange): Promise<void> {
    const { subject, what } = textOf(change);
    const text = `${what}

The account: ${email} on Xerotier.

If this was not you, choose a new password at once, by "Choose a new password" on the page where you sign in, which ends all sessions.
`;
    await this.queue.add(manager, { to: email, subject, text });
  }
}

function textOf(change: SecurityChange): { subject: string; what: string } {
  switch (change.kind) {
    case 'password_changed':
      return {
        subject: 'Your password was changed',
        what: 'The password of your account was changed in one of its sessions. All other sessions have ended.',
      };
    case 'password_reset':
      return {
        subject: 'Your password was changed',
        what: 'The password of your account was changed by a link in a mail. All sessions have ended.',
      };
    case 'second_factor_enabled':
      return {
        subject: 'A second factor was enabled',
        what: 'Signing in to your account now needs a code of an authenticator app. All other sessions have ended.',
      };
    case 'second_factor_disabled':
      return {
        subject: 'The second factor was disabled',
        what: 'Signing in to your account no longer needs a code of an authenticator app.',
      };
    case 'second_factor_reset':
      return {
        subject: 'The second factor was reset',
        what: 'An operator has removed the second factor of your account. All sessions have ended. Sign in with your password, and set up a second factor again.',
      };
    case 'recovery_codes_replaced':
      return {
        subject: 'Your recovery codes were replaced',
        what: 'Your account has new recovery codes. Earlier ones no longer work.',
      };
    case 'identity_linked':
      return {
        subject: 'A way to sign in was added',
        what: `Your account can now be signed in to by ${change.provider}.`,
      };
    case 'identity_removed':
      return {
        subject: 'A way to sign in was removed',
        what: `Your account can no longer be signed in to by ${change.provider}.`,
      };
    case 'recovery_code_used':
      return {
        subject: 'A recovery code was used',
        what: `A recovery code of your account was used. ${change.left} of them are left.`,
      };
  }
}
