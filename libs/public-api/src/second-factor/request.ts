import { z } from 'zod';
import { currentPassword, secondFactorCode } from '../accounts/request.ts';
import { components } from '../openapi/components.ts';

const password = currentPassword.optional().describe('Required if the account has a password.');
const totp = secondFactorCode.describe('The code of the authenticator app, which works once.');

export const beginTotpRequest = z
  .strictObject({ current_password: password })
  .register(components, { id: 'BeginTotpRequest' });

export const confirmTotpRequest = z.strictObject({ code: totp }).register(components, { id: 'ConfirmTotpRequest' });

export const replaceRecoveryCodesRequest = z
  .strictObject({ code: totp })
  .register(components, { id: 'ReplaceRecoveryCodesRequest' });

export const disableTotpRequest = z
  .strictObject({
    current_password: password,
    code: secondFactorCode.describe('The code of the authenticator app, or a recovery code.'),
  })
  .register(components, { id: 'DisableTotpRequest' });
