export { USAGE_DAYS_MAX } from './request.ts';
export {
  exportUsage,
  getUsageTotals,
  listUsageByDay,
  listUsageByEndpoint,
  listUsageByEndUser,
  listUsageByKey,
  listUsageByModel,
  listUsageEvents,
  usageOperations,
} from './usage.api.ts';
