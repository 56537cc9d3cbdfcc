/** The first admin of a platform, who has the one-time token that the command `bootstrap` of auth prints. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { requestId } from '../ids.ts';
import { accountId, accountRecord, accountsContract, oneTimeTokenHash } from './accounts.contract.ts';

const { register } = accountsContract.operations;
const token = { bootstrapTokenHash: oneTimeTokenHash, requestId };

export const bootstrapContract = service('auth', {
  /** Creates an account that is an admin, with its first session. */
  registerAdmin: request({
    subject: 'auth.v1.bootstrap.register',
    timeoutMs: 15_000,
    input: register.input.extend(token),
    output: register.output,
    errors: [
      'account.invalid_token',
      'account.email_taken',
      'account.too_many_attempts',
      'account.overloaded',
      'db.unavailable',
    ],
  }),
  /** Makes an account an admin. */
  promoteToAdmin: request({
    subject: 'auth.v1.bootstrap.promote',
    timeoutMs: 5_000,
    input: z.object({ accountId, clientAddress: z.string().max(64), ...token }),
    output: accountRecord,
    errors: ['account.invalid_token', 'db.unavailable'],
  }),
});
