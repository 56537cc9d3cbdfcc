import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountsAdministrationController } from './accounts-administration.controller.ts';
import { ProjectsAdministrationController } from './projects-administration.controller.ts';
import { TiersAdministrationController } from './tiers-administration.controller.ts';

@Module({
  imports: [SessionsModule],
  controllers: [TiersAdministrationController, AccountsAdministrationController, ProjectsAdministrationController],
})
export class AdministrationModule {}
