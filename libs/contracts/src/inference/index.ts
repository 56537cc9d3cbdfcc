export { accountingContext, REPORT_GENERATIONS_MAX, usageReport, usageReported } from './accounting.ts';
export type { AccountingContext, ReportedGeneration, UsageReport } from './accounting.ts';
export { usageRecord, usageRecorded } from './events.ts';
export type { UsageRecord } from './events.ts';
export { modelCallContext } from './model-call-context.ts';
export type { ModelCallContext } from './model-call-context.ts';
export { latencyTargets, priority, requestedServiceTier } from './request-class.ts';
export type { LatencyTargets, Priority, RequestedServiceTier } from './request-class.ts';
export {
  account,
  accountOf,
  placementContext,
  placementContextOf,
  requestContext,
  requestContextOf,
  requestFacts,
  workContext,
  workContextOf,
} from './request-context.ts';
export type { Account, PlacementContext, RequestFacts, RequestContext, WorkContext } from './request-context.ts';
export { addUsage, emptyUsage, tokenUsage, usageOfChoices, usageOfError } from './token-usage.ts';
export type { TokenUsage } from './token-usage.ts';
