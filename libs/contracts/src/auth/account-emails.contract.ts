/** What an account proves by reading its mail: that the address is its own, and who it is without its password. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { requestId } from '../ids.ts';
import { accountId, accountRecord, oneTimeTokenHash } from './accounts.contract.ts';

const clientAddress = z.string().max(64);
const TIMEOUT_MS = 5_000;
const PASSWORD_TIMEOUT_MS = 15_000;

export const accountEmailsContract = service('auth', {
  /** Sends a link that verifies the address. For a verified one nothing is sent. */
  requestEmailVerification: request({
    subject: 'auth.v1.accounts.request-email-verification',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, clientAddress }),
    output: z.object({}),
    errors: ['account.too_many_attempts', 'db.unavailable'],
  }),
  /** Only the account that the link was sent to can use it, so that nobody verifies the account of somebody else by a click. */
  verifyEmail: request({
    subject: 'auth.v1.accounts.verify-email',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, tokenHash: oneTimeTokenHash, clientAddress, requestId }),
    output: accountRecord,
    errors: ['account.invalid_token', 'db.unavailable'],
  }),
  /** Sends a link if the address has an account. The response, and the time that it takes, do not tell whether it has one. */
  requestPasswordReset: request({
    subject: 'auth.v1.accounts.request-password-reset',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ email: z.email().max(254), clientAddress }),
    output: z.object({}),
    errors: ['account.too_many_attempts', 'db.unavailable'],
  }),
  /** Replaces the password, and revokes all sessions. It begins none: a second factor is still asked for. */
  resetPassword: request({
    subject: 'auth.v1.accounts.reset-password',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: z.object({
      tokenHash: oneTimeTokenHash,
      newPassword: z.string().min(1).max(1_024),
      clientAddress,
      requestId,
    }),
    output: z.object({}),
    errors: ['account.invalid_token', 'account.overloaded', 'db.unavailable'],
  }),
});
