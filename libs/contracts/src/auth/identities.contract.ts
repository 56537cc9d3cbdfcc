/**
 * Sign-in by identity providers (GitHub, OpenID Connect). Between its steps the state of a flow is in a cookie of the browser,
 * sealed by this service: the gateway passes it on, and can neither read nor change it.
 */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { requestId } from '../ids.ts';
import { accountId, accountRecord, sessionRecord } from './accounts.contract.ts';
import { secondFactorCode } from './second-factor.contract.ts';

export const identityProviderId = z.enum(['github', 'oidc']);
export type IdentityProviderId = z.infer<typeof identityProviderId>;

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();
const sealed = z.string().min(1).max(4_096);
const clientAddress = z.string().max(64);
const tokenHash = z.string().regex(/^[0-9a-f]{64}$/);
/** A path of this site. */
const returnTo = z.string().min(1).max(1_024);
const newSession = z.object({ tokenHash, clientAddress, userAgent: z.string().max(512) });
const signedIn = z.object({ account: accountRecord, session: sessionRecord });

const begunFlow = z.object({ authorizationUrl: z.string().max(4_096), flow: sealed, expiresAt: instant });

export const identityRecord = z.object({
  provider: identityProviderId,
  /** Of the provider, when it was linked; null if it told no verified one. */
  email: z.string().nullable(),
  createdAt: instant,
});
export type IdentityRecord = z.infer<typeof identityRecord>;

/** What the callback of a provider has led to. */
export const completedFlow = z.discriminatedUnion('kind', [
  signedIn.extend({ kind: z.literal('signed_in'), returnTo }),
  z.object({ kind: z.literal('second_factor_required'), pending: sealed, expiresAt: instant, returnTo }),
  z.object({ kind: z.literal('linked'), accountId, returnTo }),
]);
export type CompletedFlow = z.infer<typeof completedFlow>;

const TIMEOUT_MS = 5_000;
const PASSWORD_TIMEOUT_MS = 15_000;
/** Up to four requests to the provider, of at most 4 s each. */
const PROVIDER_TIMEOUT_MS = 20_000;

export const identitiesContract = service('auth', {
  /** The configured providers. */
  listSignInProviders: request({
    subject: 'auth.v1.identities.providers',
    timeoutMs: TIMEOUT_MS,
    input: z.object({}),
    output: z.object({ data: z.array(z.object({ id: identityProviderId, name: z.string() })).max(2) }),
    errors: [],
  }),
  beginProviderSignIn: request({
    subject: 'auth.v1.identities.begin-sign-in',
    timeoutMs: PROVIDER_TIMEOUT_MS,
    input: z.object({ provider: identityProviderId, returnTo }),
    output: begunFlow,
    errors: ['identity.provider_not_found', 'identity.provider_unavailable'],
  }),
  /** As `beginProviderSignIn`, to link an identity to an account. An account that has a password must present it. */
  beginIdentityLink: request({
    subject: 'auth.v1.identities.begin-link',
    timeoutMs: PROVIDER_TIMEOUT_MS + PASSWORD_TIMEOUT_MS,
    input: z.object({
      provider: identityProviderId,
      returnTo,
      accountId,
      currentPassword: z.string().min(1).max(1_024).optional(),
      clientAddress,
    }),
    output: begunFlow,
    errors: [
      'identity.provider_not_found',
      'identity.provider_unavailable',
      'account.email_not_verified',
      'account.invalid_credentials',
      'account.too_many_attempts',
      'account.overloaded',
      'db.unavailable',
    ],
  }),
  /** Signs in, or links, with what the provider has appended to the callback URL. A flow is completed once. */
  completeProviderFlow: request({
    subject: 'auth.v1.identities.complete-flow',
    timeoutMs: PROVIDER_TIMEOUT_MS + TIMEOUT_MS,
    input: newSession.extend({
      provider: identityProviderId,
      /** The query of the callback, without its first character, `?`. */
      parameters: z.string().max(8_192),
      flow: sealed,
      /** Of the session that the browser has: a link needs one of its account. */
      currentTokenHash: tokenHash.optional(),
      requestId,
    }),
    output: completedFlow,
    errors: [
      'identity.provider_not_found',
      'identity.provider_unavailable',
      'identity.sign_in_failed',
      'identity.email_not_verified',
      'identity.account_exists',
      'identity.in_use',
      'identity.linked_already',
      'account.disabled',
      'account.too_many_attempts',
      'session.invalid',
      'db.unavailable',
    ],
  }),
  /** The second step of an account with a second factor. Wrong codes are limited per account. */
  completePendingSignIn: request({
    subject: 'auth.v1.identities.complete-pending',
    timeoutMs: TIMEOUT_MS,
    input: newSession.extend({ pending: sealed, code: secondFactorCode }),
    output: signedIn,
    errors: [
      'identity.sign_in_failed',
      'account.second_factor_required',
      'account.invalid_code',
      'account.disabled',
      'account.too_many_attempts',
      'db.unavailable',
    ],
  }),
  /** The identities of an account, oldest first. */
  listIdentities: request({
    subject: 'auth.v1.identities.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId }),
    output: z.object({ data: z.array(identityRecord).max(100) }),
    errors: ['db.unavailable'],
  }),
  /** Removes the identity of a provider, unless the account could not sign in without it. */
  deleteIdentity: request({
    subject: 'auth.v1.identities.delete',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ accountId, provider: identityProviderId }),
    output: z.object({}),
    errors: ['identity.not_found', 'identity.last_way', 'db.unavailable'],
  }),
});
