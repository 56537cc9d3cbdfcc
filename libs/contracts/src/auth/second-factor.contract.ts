/** The second factor of an account: a time-based one-time password (TOTP, RFC 6238), and recovery codes for when it is lost. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { accountId, sessionId } from './accounts.contract.ts';

export const RECOVERY_CODES = 10;

/** As a person types it: a TOTP of 6 digits, or a recovery code; spaces, hyphens and case do not matter. */
export const secondFactorCode = z.string().min(1).max(64);

const clientAddress = z.string().max(64);
const currentPassword = z.string().min(1).max(1_024).optional();
const account = z.object({ accountId, clientAddress });
const recoveryCodes = z.object({ recoveryCodes: z.array(z.string().min(1).max(64)).max(RECOVERY_CODES) });

const TIMEOUT_MS = 5_000;
const PASSWORD_TIMEOUT_MS = 15_000;
const CODE_ERRORS = [
  'account.invalid_code',
  'account.too_many_attempts',
  'second_factor.not_enabled',
  'db.unavailable',
] as const;

export const secondFactorContract = service('auth', {
  /**
   * Creates a secret, which replaces one that was not confirmed. It is returned this once. An account that has a password must
   * present it; an invalid one counts as a failed sign-in.
   */
  beginTotp: request({
    subject: 'auth.v1.second-factor.begin',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: account.extend({ currentPassword }),
    /** The secret in base32, alone and in an `otpauth://` URI. */
    output: z.object({ secret: z.string().min(1).max(64), uri: z.string().min(1).max(1_024) }),
    errors: [
      'account.invalid_credentials',
      'account.too_many_attempts',
      'account.overloaded',
      'second_factor.enabled',
      'db.unavailable',
    ],
  }),
  /** Enables the second factor, and revokes all other sessions. The recovery codes are returned this once. */
  confirmTotp: request({
    subject: 'auth.v1.second-factor.confirm',
    timeoutMs: TIMEOUT_MS,
    input: account.extend({ sessionId, code: secondFactorCode }),
    output: recoveryCodes,
    errors: [...CODE_ERRORS, 'second_factor.enabled'],
  }),
  /** Replaces all recovery codes. Needs a TOTP: a recovery code must not bring new ones. */
  replaceRecoveryCodes: request({
    subject: 'auth.v1.second-factor.replace-recovery-codes',
    timeoutMs: TIMEOUT_MS,
    input: account.extend({ code: secondFactorCode }),
    output: recoveryCodes,
    errors: CODE_ERRORS,
  }),
  /** Needs a TOTP or a recovery code, and the password of an account that has one. */
  disableTotp: request({
    subject: 'auth.v1.second-factor.disable',
    timeoutMs: PASSWORD_TIMEOUT_MS,
    input: account.extend({ currentPassword, code: secondFactorCode }),
    output: z.object({}),
    errors: [...CODE_ERRORS, 'account.invalid_credentials', 'account.overloaded'],
  }),
});
