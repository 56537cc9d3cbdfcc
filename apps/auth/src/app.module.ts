import { Module } from '@nestjs/common';
import { IdempotencyKeysPurgeModule } from '@xerotier/idempotency';
import {
  accountEmailsContract,
  accountsContract,
  administrationContract,
  apiKeysContract,
  auditContract,
  authContract,
  keyAccessContract,
  bootstrapContract,
  budgetsContract,
  endpointsContract,
  identitiesContract,
  invitationsContract,
  membersContract,
  projectEvent,
  secondFactorContract,
  spendCapsContract,
  tiersContract,
  usageContract,
  projectsContract,
} from '@xerotier/contracts/auth';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { OutboxModule } from '@xerotier/service-host/outbox';
import { AccessModule } from './access/access.module.ts';
import { AccessChangesModule } from './access/access-changes.module.ts';
import { AccountsModule } from './accounts/accounts.module.ts';
import { AdministrationModule } from './administration/administration.module.ts';
import { ApiKeysHandlersModule } from './api-keys/api-keys-handlers.module.ts';
import { BootstrapModule } from './bootstrap/bootstrap.module.ts';
import { BudgetsModule } from './budgets/budgets.module.ts';
import { AuditHandlersModule } from './audit/audit-handlers.module.ts';
import { database } from './db/database.ts';
import { EmailVerificationsModule } from './email-verifications/email-verifications.module.ts';
import { EndpointsModule } from './endpoints/endpoints.module.ts';
import { IdentitiesModule } from './identities/identities.module.ts';
import { InvitationsModule } from './invitations/invitations.module.ts';
import { MailModule } from './mail/mail.module.ts';
import { MembersModule } from './members/members.module.ts';
import { PasswordResetsModule } from './password-resets/password-resets.module.ts';
import { ProjectsModule } from './projects/projects.module.ts';
import { SecondFactorModule } from './second-factor/second-factor.module.ts';
import { SessionsModule } from './sessions/sessions.module.ts';
import { SpendCapsModule } from './spend-caps/spend-caps.module.ts';
import { TiersModule } from './tiers/tiers.module.ts';
import { UsageModule } from './usage/usage.module.ts';
import { UsageReportsModule } from './usage-reports/usage-reports.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({
      serves: [
        authContract,
        keyAccessContract,
        apiKeysContract,
        endpointsContract,
        accountsContract,
        usageContract,
        auditContract,
        membersContract,
        accountEmailsContract,
        secondFactorContract,
        identitiesContract,
        invitationsContract,
        projectsContract,
        budgetsContract,
        spendCapsContract,
        tiersContract,
        administrationContract,
        bootstrapContract,
      ],
    }),
    OutboxModule.forRoot({ schema: database.schema, events: [projectEvent] }),
    AccessChangesModule.onBus(),
    ApiKeysHandlersModule,
    IdempotencyKeysPurgeModule,
    EndpointsModule,
    AuditHandlersModule,
    AccessModule,
    AccountsModule,
    SessionsModule,
    ProjectsModule,
    MembersModule,
    MailModule,
    InvitationsModule,
    EmailVerificationsModule,
    PasswordResetsModule,
    SecondFactorModule,
    IdentitiesModule,
    SpendCapsModule,
    UsageModule,
    UsageReportsModule,
    BudgetsModule,
    TiersModule,
    AdministrationModule,
    BootstrapModule,
  ],
})
export class AppModule {}
