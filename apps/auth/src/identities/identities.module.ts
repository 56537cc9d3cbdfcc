import { Module } from '@nestjs/common';
import { AttemptsModule } from '../attempts/attempts.module.ts';
import { InvitationsModule } from '../invitations/invitations.module.ts';
import { PasswordsModule } from '../passwords/passwords.module.ts';
import { SecondFactorModule } from '../second-factor/second-factor.module.ts';
import { SecretsModule } from '../secrets/secrets.module.ts';
import { SecurityNoticesModule } from '../security-notices/security-notices.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { FlowSeal } from './flow-seal.ts';
import { IdentitiesHandlers } from './identities.handlers.ts';
import { IdentitiesService } from './identities.service.ts';
import { IdentityProviders } from './identity-providers.ts';
import { ProviderSignInService } from './provider-sign-in.service.ts';

@Module({
  imports: [
    AttemptsModule,
    InvitationsModule,
    PasswordsModule,
    SecondFactorModule,
    SecretsModule,
    SecurityNoticesModule,
    SessionsModule,
  ],
  providers: [IdentityProviders, FlowSeal, IdentitiesService, ProviderSignInService, IdentitiesHandlers],
})
export class IdentitiesModule {}
