import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { ProjectManagementHandlers } from './project-management.handlers.ts';
import { ProjectManagementService } from './project-management.service.ts';
import { ProjectsHandlers } from './projects.handlers.ts';
import { ProjectsService } from './projects.service.ts';

@Module({
  imports: [ChangesModule, SessionsModule],
  providers: [ProjectsService, ProjectsHandlers, ProjectManagementService, ProjectManagementHandlers],
})
export class ProjectsModule {}
