import { z } from 'zod';
import { publicSession } from '../accounts/response.ts';
import { BODY_ERRORS, PUBLIC_ROUTE_ERRORS, SESSION_ERRORS, SIGN_IN_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { beginSignInQuery, completePendingSignInRequest, identityProviderId, linkIdentityRequest } from './request.ts';
import { identityDeleted, identityLink, identityList, signInProviderList } from './response.ts';

const IDENTITIES = '/api/v1/account/identities';
const common = { tag: 'Accounts', permission: null } as const;
const withSession = { ...common, auth: 'session' } as const;
const params = z.object({ provider: identityProviderId.describe('The `id` of a provider.') });

export const listSignInProviders = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'listSignInProviders',
  method: 'get',
  path: '/api/v1/sign-in-providers',
  summary: 'List identity providers',
  description: 'Those that accounts can sign in by, in one page.',
  response: signInProviderList,
  errors: [...PUBLIC_ROUTE_ERRORS, 'service_unavailable'],
});

export const beginSignIn = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'beginSignIn',
  method: 'get',
  path: '/api/v1/sign-in/{provider}',
  summary: 'Sign in by an identity provider',
  description:
    'For browsers: redirects to the provider, and sets a cookie that only this browser can complete the sign-in with, within 10 minutes.',
  params,
  query: beginSignInQuery,
  redirects: true,
  responseHeaders: ['Set-Cookie'],
  errors: [...PUBLIC_ROUTE_ERRORS, 'invalid_request', 'provider_not_found', 'service_unavailable'],
});

export const completeSignIn = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'completeSignIn',
  method: 'get',
  path: '/api/v1/sign-in/{provider}/callback',
  summary: 'Complete a sign-in by an identity provider',
  description:
    'Where the provider redirects the browser to. A known identity signs in; one whose verified e-mail address has no account gets one, without a password. For an account with a second factor, `second_factor=required` is appended to `return_to`, and the sign-in is completed with a code. Redirects to `return_to`.',
  params,
  redirects: true,
  responseHeaders: ['Set-Cookie'],
  errors: [
    ...PUBLIC_ROUTE_ERRORS,
    'invalid_request',
    'provider_not_found',
    'sign_in_failed',
    'email_not_verified',
    'account_exists',
    'account_disabled',
    'identity_in_use',
    'identity_linked_already',
    'invalid_session',
    'too_many_attempts',
    'service_unavailable',
  ],
});

export const completePendingSignIn = defineOperation({
  ...common,
  auth: 'none',
  operationId: 'completePendingSignIn',
  method: 'post',
  path: '/api/v1/sign-in/second-factor',
  summary: 'Complete a sign-in with a second factor',
  description: 'After a sign-in by an identity provider, in the same browser, within 10 minutes.',
  request: completePendingSignInRequest,
  example: { code: '123456' },
  response: publicSession,
  responseHeaders: ['Set-Cookie'],
  errors: [...SIGN_IN_ERRORS, 'sign_in_failed', 'second_factor_required', 'invalid_code', 'account_disabled'],
});

export const listIdentities = defineOperation({
  ...withSession,
  operationId: 'listIdentities',
  method: 'get',
  path: IDENTITIES,
  summary: 'List linked identities',
  description: 'The identities that the account can sign in with, oldest first, in one page.',
  response: identityList,
  errors: SESSION_ERRORS,
});

export const linkIdentity = defineOperation({
  ...withSession,
  operationId: 'linkIdentity',
  method: 'post',
  path: `${IDENTITIES}/{provider}`,
  summary: 'Link an identity',
  description:
    'Returns the URL of the provider, and sets a cookie. When the provider redirects back to this browser, the identity is linked to the account. The e-mail address of the account must be verified.',
  params,
  request: linkIdentityRequest,
  isRequestOptional: true,
  example: { current_password: 'correct horse battery staple', return_to: '/account' },
  response: identityLink,
  responseHeaders: ['Set-Cookie'],
  errors: [
    ...SESSION_ERRORS,
    ...BODY_ERRORS,
    'provider_not_found',
    'email_not_verified',
    'invalid_credentials',
    'too_many_attempts',
  ],
});

export const deleteIdentity = defineOperation({
  ...withSession,
  operationId: 'deleteIdentity',
  method: 'delete',
  path: `${IDENTITIES}/{provider}`,
  summary: 'Remove a linked identity',
  description: 'The last way to sign in cannot be removed.',
  params,
  response: identityDeleted,
  errors: [...SESSION_ERRORS, 'provider_not_found', 'identity_not_found', 'last_sign_in_method'],
});

/** In the order of the reference. */
export const identitiesOperations = [
  listSignInProviders,
  beginSignIn,
  completeSignIn,
  completePendingSignIn,
  listIdentities,
  linkIdentity,
  deleteIdentity,
] as const;
