import { z } from 'zod';
import { slug } from '../fields/ids.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';

const PASSWORD_LENGTH_MIN = 8;
const PASSWORD_LENGTH_MAX = 256;
/** In UTF-16 code units as sent; beyond it no password is counted. */
const SENT_LENGTH_MAX = 1_024;
const LENGTH_ERROR = `must have ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters`;

const email = z
  .email({ error: 'must be an e-mail address' })
  .max(254)
  .describe('The address of the account, in any case.');

/** Counted as it is stored: normalized, in characters. Any character is allowed, and none required (NIST SP 800-63B). */
const newPassword = z
  .string()
  .max(SENT_LENGTH_MAX, LENGTH_ERROR)
  .refine((text) => {
    const length = [...text.normalize('NFKC')].length;
    return text.isWellFormed() && length >= PASSWORD_LENGTH_MIN && length <= PASSWORD_LENGTH_MAX;
  }, LENGTH_ERROR)
  .describe(`${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`);

export const bootstrapRequest = z
  .strictObject({
    token: z.string().min(1).max(256).describe('What `auth bootstrap` has printed.'),
    email: email.optional(),
    password: newPassword.optional(),
    name: storableText(256).min(1).optional(),
  })
  .register(components, { id: 'BootstrapRequest' });

export const currentPassword = z.string().min(1).max(SENT_LENGTH_MAX);
export const secondFactorCode = z.string().min(1).max(64);
const name = storableText(256).min(1);

export const createAccountRequest = z
  .strictObject({ email, password: newPassword, name })
  .register(components, { id: 'CreateAccountRequest' });

export const createSessionRequest = z
  .strictObject({
    email,
    password: currentPassword,
    code: secondFactorCode
      .optional()
      .describe('Of an account with a second factor: the code of the authenticator app, or a recovery code.'),
  })
  .register(components, { id: 'CreateSessionRequest' });

export const changePasswordRequest = z
  .strictObject({ current_password: currentPassword, new_password: newPassword })
  .register(components, { id: 'ChangePasswordRequest' });

export const createProjectRequest = z
  .strictObject({ name, slug: slug.describe('Part of the API keys of the project. It cannot be changed.') })
  .register(components, { id: 'CreateProjectRequest' });

const token = z.string().min(1).max(256).describe('The token in the link of the mail.');

export const verifyEmailRequest = z.strictObject({ token }).register(components, { id: 'VerifyEmailRequest' });

export const passwordResetRequest = z.strictObject({ email }).register(components, { id: 'PasswordResetRequest' });

export const completePasswordResetRequest = z
  .strictObject({ token, new_password: newPassword })
  .register(components, { id: 'CompletePasswordResetRequest' });
