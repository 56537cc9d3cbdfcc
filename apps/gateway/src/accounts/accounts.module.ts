import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountEmailsController } from './account-emails.controller.ts';
import { AccountsController } from './accounts.controller.ts';
import { BootstrapController } from './bootstrap.controller.ts';
import { IdentitiesController } from './identities.controller.ts';
import { ProjectsController } from './projects.controller.ts';
import { SecondFactorController } from './second-factor.controller.ts';
import { SessionsController } from './sessions.controller.ts';
import { SignInController } from './sign-in.controller.ts';

@Module({
  imports: [SessionsModule],
  controllers: [
    AccountsController,
    BootstrapController,
    AccountEmailsController,
    SessionsController,
    SecondFactorController,
    SignInController,
    IdentitiesController,
    ProjectsController,
  ],
})
export class AccountsModule {}
