import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { CompletedFlow } from '@xerotier/contracts/auth';
import { AppError, ensure } from '@xerotier/errors';
import { createHash, timingSafeEqual } from 'node:crypto';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Account } from '../accounts/account.entity.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.ts';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.ts';
import { SecondFactorCheck } from '../second-factor/second-factor-check.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import type { SignedIn } from '../sessions/sessions.service.ts';
import { FlowSeal } from './flow-seal.ts';
import { identityOf, IdentitiesService } from './identities.service.ts';
import type { IdentitiesInput, IdentitiesOutput } from './identities.service.ts';
import { IdentitiesRepository } from './identities.repository.ts';
import type { IdentityProvider, ProviderProfile } from './identity-provider.ts';
import { IdentityProviders } from './identity-providers.ts';

type Callback = IdentitiesInput<'completeProviderFlow'>;
type BegunFlow = IdentitiesOutput<'beginProviderSignIn'>;

/** Signs people in by identity providers. */
@Injectable()
export class ProviderSignInService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly providers: IdentityProviders,
    private readonly identities: IdentitiesService,
    private readonly flows: FlowSeal,
    private readonly attempts: Attempts,
    private readonly secondFactor: SecondFactorCheck,
    private readonly sessions: SessionsService,
    private readonly invitations: InvitationAcceptance,
  ) {}

  /** @throws {AppError} `identity.provider_not_found`, `identity.provider_unavailable`. */
  begin({ provider, returnTo }: IdentitiesInput<'beginProviderSignIn'>): Promise<BegunFlow> {
    return this.beginFlow(this.providers.get(provider), { returnTo });
  }

  /** @throws {AppError} as `begin` and `IdentitiesService.authenticate`. */
  async beginLink(input: IdentitiesInput<'beginIdentityLink'>): Promise<BegunFlow> {
    const { provider, returnTo, accountId } = input;
    const configured = this.providers.get(provider);
    await this.identities.authenticate(input);
    return this.beginFlow(configured, { returnTo, accountId });
  }

  /**
   * Completes a flow, once. Nothing is stored, and the provider is not called, before the browser has shown that it has begun it.
   * @throws {AppError} `identity.*`; `account.disabled`, `account.too_many_attempts` for a new account, `session.invalid` for a link
   * without a session of the account; `db.unavailable`.
   */
  async complete(input: Callback): Promise<CompletedFlow> {
    const flow = this.flows.openFlow(input.flow);
    const { accountId, returnTo } = flow;
    const parameters = new URLSearchParams(input.parameters);
    const [state, ...otherStates] = parameters.getAll('state');
    if (flow.provider !== input.provider || otherStates.length > 0 || !isEqual(state ?? '', flow.state))
      throw new AppError('identity.sign_in_failed');
    const provider = this.providers.get(flow.provider);
    await this.useUp(flow.state, flow.expiresAt);
    const profile = await provider.profile(parameters, flow);
    if (accountId === undefined) return this.signIn(input, provider, profile, returnTo);
    await this.identities.link(accountId, input.currentTokenHash, provider, profile);
    return { kind: 'linked', accountId, returnTo };
  }

  /** @throws {AppError} `identity.sign_in_failed`, `account.invalid_code`, `account.disabled`, `account.too_many_attempts`, `db.unavailable`. */
  async completePending(input: IdentitiesInput<'completePendingSignIn'>): Promise<SignedIn> {
    const { pending, code, ...session } = input;
    const { issuer, subject } = this.flows.openPending(pending);
    const identity = await new IdentitiesRepository(this.database.manager).find(issuer, subject);
    const { accountId } = ensure(identity, 'identity.sign_in_failed');
    const found = await new AccountsRepository(this.database.manager).findById(accountId);
    const { email } = ensure(found, 'identity.sign_in_failed');
    const signedIn = await this.attempts.countWrongCode(email, session.clientAddress, () =>
      this.sessions.start(session, (manager) => this.admitted(manager, { issuer, subject }, code)),
    );
    // It may have used a recovery code, of which sessions tell how many are left.
    this.sessions.announce({ accountId });
    return signedIn;
  }

  private async beginFlow(
    provider: IdentityProvider,
    content: { readonly returnTo: string; readonly accountId?: string },
  ): Promise<BegunFlow> {
    const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const url = await provider.authorizationUrl(secrets);
    return { authorizationUrl: url.href, ...this.flows.sealFlow({ provider: provider.id, ...secrets, ...content }) };
  }

  /** Of concurrent callbacks of a flow, and repeated ones, one continues. Its hash is purged after it has expired. */
  private async useUp(state: string, expiresAt: number): Promise<void> {
    const hash = createHash('sha256').update(state).digest();
    const tokens = new OneTimeTokensRepository(this.database.manager);
    if (!(await tokens.recordUse('sign_in', hash, new Date(expiresAt)))) throw new AppError('identity.sign_in_failed');
  }

  private async signIn(
    input: Callback,
    provider: IdentityProvider,
    profile: ProviderProfile,
    returnTo: string,
  ): Promise<CompletedFlow> {
    const { issuer } = provider;
    const { subject } = profile;
    const identities = new IdentitiesRepository(this.database.manager);
    if ((await identities.find(issuer, subject)) === null) {
      try {
        return { kind: 'signed_in', ...(await this.register(input, provider, profile)), returnTo };
      } catch (error) {
        const { code } = AppError.from(error);
        // A concurrent sign-in of the same person may have created the account.
        if (code !== 'account.email_taken' && code !== 'identity.in_use') throw error;
        if ((await identities.find(issuer, subject)) === null) throw new AppError('identity.account_exists');
      }
    }
    try {
      const signedIn = await this.sessions.start(newSessionOf(input), (manager) =>
        this.admitted(manager, { issuer, subject }, undefined),
      );
      return { kind: 'signed_in', ...signedIn, returnTo };
    } catch (error) {
      if (AppError.from(error).code !== 'account.second_factor_required') throw error;
      return { kind: 'second_factor_required', ...this.flows.sealPending({ issuer, subject }), returnTo };
    }
  }

  /** Creates an account without a password, whose address the provider has verified. */
  private async register(input: Callback, provider: IdentityProvider, profile: ProviderProfile): Promise<SignedIn> {
    const { email, name } = profile;
    if (email === null) throw new AppError('identity.email_not_verified');
    await this.attempts.register(input.clientAddress);
    let created: Account | undefined;
    const signedIn = await this.sessions.start(newSessionOf(input), async (manager) => {
      const accounts = new AccountsRepository(manager);
      const { id } = await accounts.insert({ email, name, passwordHash: null });
      await accounts.markVerified(id);
      await new IdentitiesRepository(manager).insert(identityOf(id, provider, profile));
      created = ensure(await accounts.findById(id), 'identity.sign_in_failed');
      return created;
    });
    if (created !== undefined) await this.invitations.acceptAllOf(created, input);
    return signedIn;
  }

  /** The account of an identity, locked, if it may sign in. */
  private async admitted(
    manager: EntityManager,
    { issuer, subject }: Pick<ProviderProfile, 'subject'> & { readonly issuer: string },
    code: string | undefined,
  ): Promise<Account> {
    const accounts = new AccountsRepository(manager);
    const identities = new IdentitiesRepository(manager);
    const { accountId } = ensure(await identities.find(issuer, subject), 'identity.sign_in_failed');
    const account = ensure(await accounts.lock(accountId), 'identity.sign_in_failed');
    // It may have been removed while the account was locked by somebody else.
    ensure(await identities.find(issuer, subject), 'identity.sign_in_failed');
    if (account.disabledAt !== null) throw new AppError('account.disabled');
    await this.secondFactor.require(manager, account, code);
    return account;
  }
}

function newSessionOf({ tokenHash, clientAddress, userAgent }: Callback): {
  tokenHash: string;
  clientAddress: string;
  userAgent: string;
} {
  return { tokenHash, clientAddress, userAgent };
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
