import { BODY_ERRORS, SESSION_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { beginTotpRequest, confirmTotpRequest, disableTotpRequest, replaceRecoveryCodesRequest } from './request.ts';
import { recoveryCodes, totpBegun, totpDisabled } from './response.ts';

const PATH = '/api/v1/account/totp';
const PASSWORD = 'correct horse battery staple';
const common = { tag: 'Accounts', permission: null, auth: 'session' } as const;
const CODE_ERRORS = [
  ...SESSION_ERRORS,
  ...BODY_ERRORS,
  'invalid_code',
  'second_factor_not_enabled',
  'too_many_attempts',
] as const;

export const beginTotp = defineOperation({
  ...common,
  operationId: 'beginTotp',
  method: 'post',
  path: PATH,
  summary: 'Begin a second factor',
  description:
    'Returns a secret for an authenticator app (TOTP: SHA-1, 6 digits, 30 seconds). It has no effect until a code confirms that the app has it. A wrong password counts as a failed sign-in.',
  request: beginTotpRequest,
  isRequestOptional: true,
  example: { current_password: PASSWORD },
  response: totpBegun,
  errors: [...SESSION_ERRORS, ...BODY_ERRORS, 'invalid_credentials', 'second_factor_enabled', 'too_many_attempts'],
});

export const confirmTotp = defineOperation({
  ...common,
  operationId: 'confirmTotp',
  method: 'post',
  path: `${PATH}/confirm`,
  summary: 'Enable the second factor',
  description: 'From now on, signing in needs a code. Ends all other sessions, and returns 10 recovery codes.',
  request: confirmTotpRequest,
  example: { code: '123456' },
  response: recoveryCodes,
  errors: [...CODE_ERRORS, 'second_factor_enabled'],
});

export const replaceRecoveryCodes = defineOperation({
  ...common,
  operationId: 'replaceRecoveryCodes',
  method: 'post',
  path: `${PATH}/recovery-codes`,
  summary: 'Replace the recovery codes',
  description: 'Earlier recovery codes no longer work. A recovery code is not enough to get new ones.',
  request: replaceRecoveryCodesRequest,
  example: { code: '123456' },
  response: recoveryCodes,
  errors: CODE_ERRORS,
});

export const disableTotp = defineOperation({
  ...common,
  operationId: 'disableTotp',
  method: 'delete',
  path: PATH,
  summary: 'Disable the second factor',
  description: 'Recovery codes no longer work.',
  request: disableTotpRequest,
  example: { current_password: PASSWORD, code: '123456' },
  response: totpDisabled,
  errors: [...CODE_ERRORS, 'invalid_credentials'],
});

/** In the order of the reference. */
export const secondFactorOperations = [beginTotp, confirmTotp, replaceRecoveryCodes, disableTotp] as const;
