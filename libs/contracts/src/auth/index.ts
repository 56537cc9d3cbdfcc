export {
  accountId,
  accountRecord,
  accountsContract,
  activeSession,
  memberAccess,
  memberRole,
  oneTimeTokenHash,
  projectRecord,
  PROJECTS_PER_ACCOUNT_MAX,
  sessionId,
  SESSIONS_PER_ACCOUNT_MAX,
  systemRole,
} from './accounts.contract.ts';
export type {
  AccountRecord,
  ActiveSession,
  MemberAccess,
  Membership,
  MemberRole,
  ProjectRecord,
  SessionRecord,
  SystemRole,
} from './accounts.contract.ts';
export { auditContract, auditEventId, auditEventRecord, auditHeadRecord } from './audit.contract.ts';
export type { AuditEventRecord, AuditHeadRecord } from './audit.contract.ts';
export { SYSTEM_LOG_ID, systemChangeContext } from './system-changes.ts';
export type { SystemChangeContext } from './system-changes.ts';
export { administeredAccount, administeredProject, administrationContract } from './administration.contract.ts';
export type { AdministeredAccount, AdministeredProject } from './administration.contract.ts';
export { auditAnchored } from './audit-anchors.ts';
export type { AuditAnchor } from './audit-anchors.ts';
export { bootstrapContract } from './bootstrap.contract.ts';
export { priceValues, tierPriceRecord, tiersContract, tierValues } from './tiers.contract.ts';
export type { TierPriceRecord, TierValues } from './tiers.contract.ts';
export { actor, changeContext, idempotencyKey } from './change.ts';
export type { Actor, ChangeContext } from './change.ts';
export {
  API_KEYS_PER_PROJECT_MAX,
  apiKeyId,
  apiKeyRecord,
  apiKeysContract,
  GRACE_SECONDS_DEFAULT,
  GRACE_SECONDS_MAX,
} from './api-keys.contract.ts';
export type { ApiKeyRecord } from './api-keys.contract.ts';
export { projectDetails, projectsContract } from './projects.contract.ts';
export type { ProjectDetails } from './projects.contract.ts';
export { projectSettings } from './project-settings.ts';
export type { ProjectRetention, ProjectSettings, ProjectSettingsChange } from './project-settings.ts';
export { accountEmailsContract } from './account-emails.contract.ts';
export { completedFlow, identitiesContract, identityProviderId, identityRecord } from './identities.contract.ts';
export type { CompletedFlow, IdentityProviderId, IdentityRecord } from './identities.contract.ts';
export { RECOVERY_CODES, secondFactorContract } from './second-factor.contract.ts';
export {
  INVITATION_DAYS,
  invitationId,
  invitationRecord,
  invitationsContract,
  PENDING_INVITATIONS_MAX,
} from './invitations.contract.ts';
export type { InvitationRecord } from './invitations.contract.ts';
export { approvableRisk, memberRecord, membersContract, MEMBERS_PER_PROJECT_MAX } from './members.contract.ts';
export type { ApprovableRisk, MemberRecord } from './members.contract.ts';
export { ipFilter, keyQuota } from './key-restrictions.ts';
export type { IpFilter, KeyQuota } from './key-restrictions.ts';
export { access, authContract, keyAccessContract, endpointAccess, endpointTask } from './contract.ts';
export type { Access, EndpointAccess, EndpointTask } from './contract.ts';
export { scope } from './scopes.ts';
export type { Scope } from './scopes.ts';
export { accessChanged, changeMade, projectEvent, projectEventType, sessionsChanged } from './events.ts';
export type { ChangeMade, ProjectEventType } from './events.ts';
export {
  allows,
  permission,
  permissionRequirements,
  permissionsOf,
  permissionsOfRole,
  principal,
  scopeBundles,
  scopeFor,
} from './permissions.ts';
export type { Permission, Principal } from './permissions.ts';
export { endpointDefaults, endpointStatus } from './endpoint-settings.ts';
export type { EndpointDefaults, EndpointStatus } from './endpoint-settings.ts';
export { endpointRecord, endpointsContract, MODEL_USES_MAX, TIER_FOR_UPLOADS } from './endpoints.contract.ts';
export type { EndpointRecord } from './endpoints.contract.ts';
export { spendCapRecord, spendCapsContract } from './spend-caps.contract.ts';
export type { SpendCapRecord } from './spend-caps.contract.ts';
export { spendCapMicros, spendLimits, tokenPrice } from './spend-limits.ts';
export type { SpendLimits, TokenPrice } from './spend-limits.ts';
export { admissionLimits, tierLimits, tierPrice, tierRecord, tierSlug } from './tiers.ts';
export type { AdmissionLimits, TierRecord, TierTimeouts } from './tiers.ts';
export {
  USAGE_EVENTS_MAX,
  usageContract,
  usageDay,
  usageEvent,
  usageFilter,
  usageGroup,
  usageSums,
} from './usage.contract.ts';
export type { UsageEventRecord, UsageFilter, UsageGroup, UsageSums } from './usage.contract.ts';
export {
  BUDGETS_PER_PROJECT_MAX,
  budgetAlertRecord,
  budgetId,
  budgetPeriod,
  budgetRecord,
  budgetsContract,
} from './budgets.contract.ts';
export type { BudgetAlertRecord, BudgetPeriod, BudgetRecord } from './budgets.contract.ts';
