import { Inject, Injectable } from '@nestjs/common';
import { identitiesContract } from '@xerotier/contracts/auth';
import type { CompletedFlow } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { LOGGER, Serves } from '@xerotier/service-host';
import { logRejected } from '../attempts/log-rejected.ts';
import { IdentitiesService } from './identities.service.ts';
import type { IdentitiesInput, IdentitiesOutput } from './identities.service.ts';
import { IdentityProviders } from './identity-providers.ts';
import { ProviderSignInService } from './provider-sign-in.service.ts';

const operations = identitiesContract.operations;

/** Serves identity providers, and the identities of accounts. */
@Injectable()
export class IdentitiesHandlers {
  constructor(
    private readonly providers: IdentityProviders,
    private readonly identities: IdentitiesService,
    private readonly signIn: ProviderSignInService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(operations.listSignInProviders)
  listProviders(): Promise<IdentitiesOutput<'listSignInProviders'>> {
    return Promise.resolve({ data: this.providers.all.map(({ id, name }) => ({ id, name })) });
  }

  @Serves(operations.beginProviderSignIn)
  begin(input: IdentitiesInput<'beginProviderSignIn'>): Promise<IdentitiesOutput<'beginProviderSignIn'>> {
    return this.signIn.begin(input);
  }

  @Serves(operations.beginIdentityLink)
  beginLink(input: IdentitiesInput<'beginIdentityLink'>): Promise<IdentitiesOutput<'beginIdentityLink'>> {
    return logRejected(this.log, 'beginIdentityLink', input, () => this.signIn.beginLink(input));
  }

  @Serves(operations.completeProviderFlow)
  complete(input: IdentitiesInput<'completeProviderFlow'>): Promise<CompletedFlow> {
    return logRejected(this.log, 'completeProviderFlow', input, () => this.signIn.complete(input));
  }

  @Serves(operations.completePendingSignIn)
  completePending(input: IdentitiesInput<'completePendingSignIn'>): Promise<IdentitiesOutput<'completePendingSignIn'>> {
    return logRejected(this.log, 'completePendingSignIn', input, () => this.signIn.completePending(input));
  }

  @Serves(operations.listIdentities)
  list(input: IdentitiesInput<'listIdentities'>): Promise<IdentitiesOutput<'listIdentities'>> {
    return this.identities.list(input);
  }

  @Serves(operations.deleteIdentity)
  async delete(input: IdentitiesInput<'deleteIdentity'>): Promise<Record<string, never>> {
    await this.identities.delete(input);
    return {};
  }
}
