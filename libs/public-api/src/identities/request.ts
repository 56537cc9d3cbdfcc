import { z } from 'zod';
import { currentPassword, secondFactorCode } from '../accounts/request.ts';
import { components } from '../openapi/components.ts';

const RETURN_TO_LENGTH_MAX = 1_024;
/** Nothing that a browser reads as another host: two slashes, or a backslash, which is a slash to it. */
const PATH = /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/;

export const identityProviderId = z.enum(['github', 'oidc']);

export const returnTo = z
  .string()
  .max(RETURN_TO_LENGTH_MAX)
  .regex(PATH, 'must be a path of this site, such as /projects')
  .default('/')
  .describe('Where the browser continues: a path of this site.');

export const beginSignInQuery = z.strictObject({ return_to: returnTo });

export const linkIdentityRequest = z
  .strictObject({
    current_password: currentPassword.optional().describe('Required if the account has a password.'),
    return_to: returnTo,
  })
  .register(components, { id: 'LinkIdentityRequest' });

export const completePendingSignInRequest = z
  .strictObject({ code: secondFactorCode.describe('The code of the authenticator app, or a recovery code.') })
  .register(components, { id: 'CompletePendingSignInRequest' });
