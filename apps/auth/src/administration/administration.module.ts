import { Module } from '@nestjs/common';
import { AuditHandlersModule } from '../audit/audit-handlers.module.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { SecurityNoticesModule } from '../security-notices/security-notices.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { AccountsAdministrationService } from './accounts-administration.service.ts';
import { AdministrationHandlers } from './administration.handlers.ts';
import { ProjectsAdministrationService } from './projects-administration.service.ts';

@Module({
  imports: [ChangesModule, SecurityNoticesModule, SessionsModule, AuditHandlersModule],
  providers: [AccountsAdministrationService, ProjectsAdministrationService, AdministrationHandlers],
})
export class AdministrationModule {}
