import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountEmailsController } from './account-emails.controller.ts';
import { AccountsController } from './accounts.controller.ts';
import { ProjectsController } from './projects.controller.ts';
import { SessionsController } from './sessions.controller.ts';

@Module({
  imports: [SessionsModule],
  controllers: [AccountsController, AccountEmailsController, SessionsController, ProjectsController],
})
export class AccountsModule {}
