import type { DatabaseDefinition } from '@xerotier/db';
import { IdempotencyKey } from '@xerotier/idempotency';
import { Account } from '../accounts/account.entity.ts';
import { ApiKey } from '../api-keys/api-key.entity.ts';
import { ReplacedKey } from '../api-keys/replaced-key.entity.ts';
import { AccountAttempt } from '../attempts/account-attempt.entity.ts';
import { AuditEvent } from '../audit/audit-event.entity.ts';
import { AuditHead } from '../audit/audit-head.entity.ts';
import { BootstrapToken } from '../bootstrap/bootstrap-token.entity.ts';
import { BudgetAlert } from '../budgets/budget-alert.entity.ts';
import { Budget } from '../budgets/budget.entity.ts';
import { Endpoint } from '../endpoints/endpoint.entity.ts';
import { AccountIdentity } from '../identities/account-identity.entity.ts';
import { Invitation } from '../invitations/invitation.entity.ts';
import { Mail } from '../mail/mail.entity.ts';
import { Member } from '../members/member.entity.ts';
import { OneTimeToken } from '../one-time-tokens/one-time-token.entity.ts';
import { Project } from '../projects/project.entity.ts';
import { Team } from '../projects/team.entity.ts';
import { RecoveryCode } from '../second-factor/recovery-code.entity.ts';
import { Totp } from '../second-factor/totp.entity.ts';
import { Session } from '../sessions/session.entity.ts';
import { TierPrice } from '../tiers/tier-price.entity.ts';
import { Tier } from '../tiers/tier.entity.ts';
import { UsageDayEndUser } from '../usage/usage-day-end-user.entity.ts';
import { UsageDay } from '../usage/usage-day.entity.ts';
import { UsageEvent } from '../usage/usage-event.entity.ts';
import { ReportedGenerationRow } from '../usage-reports/reported-generation.entity.ts';
import { UsageReportRow } from '../usage-reports/usage-report.entity.ts';
import { CreateTiers1795132800000 } from './migrations/1795132800000-create-tiers.ts';
import { CreateTenants1795132800001 } from './migrations/1795132800001-create-tenants.ts';
import { CreateUsageLedger1795132800002 } from './migrations/1795132800002-create-usage-ledger.ts';
import { AddEndpointTask1795132800020 } from './migrations/1795132800020-add-endpoint-task.ts';
import { AddMediaTasks1795132800040 } from './migrations/1795132800040-add-media-tasks.ts';
import { AddUsageDetails1795132800060 } from './migrations/1795132800060-add-usage-details.ts';
import { AddLatencyToUsage1795132800120 } from './migrations/1795132800120-add-latency-to-usage.ts';
import { KeepReplacedKeys1795132800080 } from './migrations/1795132800080-keep-replaced-keys.ts';
import { ChangeProjects1795910400000 } from './migrations/1795910400000-change-projects.ts';
import { AddEndpointSettings1795910400002 } from './migrations/1795910400002-add-endpoint-settings.ts';
import { IsolateTenants1795910400001 } from './migrations/1795910400001-isolate-tenants.ts';
import { CreateAccounts1795996800000 } from './migrations/1795996800000-create-accounts.ts';
import { AddPrices1795996800100 } from './migrations/1795996800100-add-prices.ts';
import { CreateRollups1795996800101 } from './migrations/1795996800101-create-rollups.ts';
import { AddUsageReports1796173200000 } from './migrations/1796173200000-add-usage-reports.ts';
import { AdministerPlatform1796200000000 } from './migrations/1796200000000-administer-platform.ts';
import { CreateBootstrapToken1796200000001 } from './migrations/1796200000001-create-bootstrap-token.ts';
import { AddSpendCaps1796176800000 } from './migrations/1796176800000-add-spend-caps.ts';
import { AddDelegations1796169600000 } from './migrations/1796169600000-add-delegations.ts';
import { ArchiveProjects1796169600003 } from './migrations/1796169600003-archive-projects.ts';
import { CreateInvitations1796169600002 } from './migrations/1796169600002-create-invitations.ts';
import { CreateMail1796169600001 } from './migrations/1796169600001-create-mail.ts';
import { CreateIdentities1796190000001 } from './migrations/1796190000001-create-identities.ts';
import { CreateSecondFactors1796190000000 } from './migrations/1796190000000-create-second-factors.ts';
import { CreateBudgets1795996800102 } from './migrations/1795996800102-create-budgets.ts';
import { StoreReportsWhole1796210000000 } from './migrations/1796210000000-store-reports-whole.ts';
import { AnnounceAlertsLater1796300000200 } from './migrations/1796300000200-announce-alerts-later.ts';
import { AddStorageQuota1796400000001 } from './migrations/1796400000001-add-storage-quota.ts';
import { AllowUnkeptResults1796400000002 } from './migrations/1796400000002-allow-unkept-results.ts';
import { KnowUploadedModels1796500000000 } from './migrations/1796500000000-know-uploaded-models.ts';
import { SeparateAttempts1796300000100 } from './migrations/1796300000100-separate-attempts.ts';

/** The database schema of the auth service. */
export const database: DatabaseDefinition = {
  schema: 'auth',
  entities: [
    Tier,
    TierPrice,
    Team,
    Project,
    Endpoint,
    ApiKey,
    ReplacedKey,
    UsageEvent,
    UsageDay,
    UsageDayEndUser,
    Budget,
    BudgetAlert,
    IdempotencyKey,
    AuditEvent,
    AuditHead,
    Account,
    Session,
    Member,
    Mail,
    Invitation,
    OneTimeToken,
    AccountAttempt,
    Totp,
    RecoveryCode,
    AccountIdentity,
    UsageReportRow,
    ReportedGenerationRow,
    BootstrapToken,
  ],
  migrations: [
    CreateTiers1795132800000,
    CreateTenants1795132800001,
    CreateUsageLedger1795132800002,
    AddEndpointTask1795132800020,
    AddMediaTasks1795132800040,
    AddUsageDetails1795132800060,
    KeepReplacedKeys1795132800080,
    AddLatencyToUsage1795132800120,
    ChangeProjects1795910400000,
    IsolateTenants1795910400001,
    AddEndpointSettings1795910400002,
    CreateAccounts1795996800000,
    AddPrices1795996800100,
    CreateRollups1795996800101,
    CreateBudgets1795996800102,
    AddDelegations1796169600000,
    CreateMail1796169600001,
    CreateInvitations1796169600002,
    ArchiveProjects1796169600003,
    AddUsageReports1796173200000,
    AddSpendCaps1796176800000,
    CreateSecondFactors1796190000000,
    CreateIdentities1796190000001,
    AdministerPlatform1796200000000,
    CreateBootstrapToken1796200000001,
    StoreReportsWhole1796210000000,
    SeparateAttempts1796300000100,
    AnnounceAlertsLater1796300000200,
    AddStorageQuota1796400000001,
    AllowUnkeptResults1796400000002,
    KnowUploadedModels1796500000000,
  ],
};
