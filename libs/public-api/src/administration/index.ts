export {
  adminDisableAccount,
  adminEnableAccount,
  adminGetAccount,
  adminGetProject,
  administrationOperations,
  adminListAccounts,
  adminListAuditEvents,
  adminListProjects,
  adminResetSecondFactor,
  adminSetSystemRole,
} from './administration.api.ts';
export {
  adminAddTierPrice,
  adminCreateTier,
  adminDeleteTier,
  adminGetTier,
  adminListTierPrices,
  adminListTiers,
  adminUpdateTier,
  tiersAdministrationOperations,
} from './tiers-administration.api.ts';
