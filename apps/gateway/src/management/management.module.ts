import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.ts';
import { SessionsModule } from '../sessions/sessions.module.ts';
import { ApiKeysController } from './api-keys.controller.ts';
import { AuditLogController } from './audit-log.controller.ts';
import { BudgetsController } from './budgets.controller.ts';
import { CatalogueController } from './catalogue.controller.ts';
import { EndpointsController } from './endpoints.controller.ts';
import { InvitationsController } from './invitations.controller.ts';
import { MembersController } from './members.controller.ts';
import { ModelChangesController } from './model-changes.controller.ts';
import { ProjectController } from './project.controller.ts';
import { SpendCapController } from './spend-cap.controller.ts';

@Module({
  imports: [ModelsModule, SessionsModule],
  controllers: [
    ApiKeysController,
    EndpointsController,
    CatalogueController,
    ModelChangesController,
    AuditLogController,
    MembersController,
    InvitationsController,
    ProjectController,
    BudgetsController,
    SpendCapController,
  ],
})
export class ManagementModule {}
