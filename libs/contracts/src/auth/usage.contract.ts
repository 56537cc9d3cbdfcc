/** The usage of a project: sums by day, and the rows of the ledger. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { modelId, projectId, requestId, slug } from '../ids.ts';
import { usageRecord } from '../inference/events.ts';
import { tierSlug } from './tiers.ts';

/** A day of UTC, such as `2026-11-29`. PostgreSQL has no year 0. */
export const usageDay = z.iso.date().regex(/^(?!0000)/);

const count = z.number().int().nonnegative();

export const usageSums = z.object({
  requests: count,
  failedRequests: count,
  cancelledRequests: count,
  promptTokens: count,
  /** A part of the prompt tokens. */
  cachedTokens: count,
  completionTokens: count,
  /** A part of the completion tokens, as are the prediction tokens. */
  reasoningTokens: count,
  acceptedPredictionTokens: count,
  rejectedPredictionTokens: count,
  /** In micro-units: millionths of a US dollar. Without `unpricedRequests`. */
  costMicros: count,
  /** Requests whose cost is unknown: they are older than the prices, or their tier had none. */
  unpricedRequests: count,
});
export type UsageSums = z.infer<typeof usageSums>;

export const usageFilter = z.object({
  projectId,
  /** The first day. */
  start: usageDay,
  /** The day after the last one. */
  end: usageDay,
  /** Of an endpoint of the project, also of a deleted one. */
  endpointSlug: slug.optional(),
  /** Of an API key of the project, also of a revoked one. */
  keyId: z.string().max(64).optional(),
  /** Any of these. */
  modelIds: z.array(modelId).max(100).optional(),
});
export type UsageFilter = z.infer<typeof usageFilter>;

export const usageGroup = usageSums.extend({
  /** The id of the endpoint, key or model, or the end user. */
  id: z.string(),
  /** The slug of the endpoint or the name of the key; null for models and end users. */
  name: z.string().nullable(),
});
export type UsageGroup = z.infer<typeof usageGroup>;

/** A row of the ledger. */
export const usageEvent = z.object({
  requestId,
  kind: usageRecord.shape.kind,
  endpointId: z.uuid(),
  endpointSlug: slug.nullable(),
  keyId: z.string(),
  modelId,
  tier: tierSlug,
  priority: usageRecord.shape.priority,
  requestedServiceTier: usageRecord.shape.requestedServiceTier.unwrap().nullable(),
  endUser: z.string().nullable(),
  outcome: usageRecord.shape.outcome,
  streamed: z.boolean(),
  usage: usageRecord.shape.usage,
  costMicros: count.nullable(),
  priceVersion: z.number().int().positive().nullable(),
  /** Unix milliseconds. */
  startedAt: z.number().int(),
  durationMs: count,
  timeToFirstTokenMs: count.nullable(),
});
export type UsageEventRecord = z.infer<typeof usageEvent>;

const TIMEOUT_MS = 5_000;
const order = z.enum(['asc', 'desc']);
const page = { limit: z.number().int().min(1).max(100), order };
const FILTER_ERRORS = ['endpoint.not_found', 'api_key.not_found', 'db.unavailable'] as const;

/** Rows of the ledger in one message: below the 1 MiB of NATS, whatever the end users are. */
export const USAGE_EVENTS_MAX = 250;

export const usageContract = service('auth', {
  getUsageTotals: request({
    subject: 'auth.v1.usage.totals',
    timeoutMs: TIMEOUT_MS,
    input: usageFilter,
    output: usageSums,
    errors: FILTER_ERRORS,
  }),
  /** Days without usage are not in the list. */
  listUsageDays: request({
    subject: 'auth.v1.usage.days',
    timeoutMs: TIMEOUT_MS,
    input: usageFilter.extend({ after: usageDay.optional(), ...page }),
    output: z.object({ data: z.array(usageSums.extend({ day: usageDay })), hasMore: z.boolean() }),
    errors: FILTER_ERRORS,
  }),
  /** By end user, filters by endpoint, key and model have no effect. Ordered by id. */
  listUsageGroups: request({
    subject: 'auth.v1.usage.groups',
    timeoutMs: TIMEOUT_MS,
    input: usageFilter.extend({
      by: z.enum(['endpoint', 'key', 'model', 'end_user']),
      after: z.string().max(512).optional(),
      ...page,
    }),
    output: z.object({ data: z.array(usageGroup), hasMore: z.boolean() }),
    errors: FILTER_ERRORS,
  }),
  /** Ordered by the start of the requests. */
  listUsageEvents: request({
    subject: 'auth.v1.usage.events',
    timeoutMs: TIMEOUT_MS,
    input: usageFilter.extend({
      after: requestId.optional(),
      limit: z.number().int().min(1).max(USAGE_EVENTS_MAX),
      order,
    }),
    output: z.object({ data: z.array(usageEvent), hasMore: z.boolean() }),
    errors: [...FILTER_ERRORS, 'list.unknown_cursor'],
  }),
});
