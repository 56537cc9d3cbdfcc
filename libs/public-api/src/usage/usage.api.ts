import { PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { endUsersQuery, usageEventsQuery, usagePageQuery, usageQuery } from './request.ts';
import { usageDayList, usageEventList, usageGroupList, usageTotals } from './response.ts';

const common = { tag: 'Usage', bases: 'project', auth: 'either', method: 'get', permission: 'usage:read' } as const;
const filterErrors = [...PROJECT_ERRORS, 'api_key_not_found'] as const;

export const getUsageTotals = defineOperation({
  ...common,
  operationId: 'getUsageTotals',
  path: '/v1/usage/totals',
  summary: 'Get total usage',
  query: usageQuery,
  response: usageTotals,
  errors: filterErrors,
});

export const listUsageByDay = defineOperation({
  ...common,
  operationId: 'listUsageByDay',
  path: '/v1/usage/daily',
  summary: 'List usage by day',
  description: 'Days without requests are not in the list. A request counts on the day of UTC on which it started.',
  query: usagePageQuery,
  response: usageDayList,
  errors: filterErrors,
});

export const listUsageByKey = defineOperation({
  ...common,
  operationId: 'listUsageByKey',
  path: '/v1/usage/by-key',
  summary: 'List usage by API key',
  query: usagePageQuery,
  response: usageGroupList,
  errors: filterErrors,
});

export const listUsageByEndpoint = defineOperation({
  ...common,
  operationId: 'listUsageByEndpoint',
  path: '/v1/usage/by-endpoint',
  summary: 'List usage by endpoint',
  query: usagePageQuery,
  response: usageGroupList,
  errors: filterErrors,
});

export const listUsageByModel = defineOperation({
  ...common,
  operationId: 'listUsageByModel',
  path: '/v1/usage/by-model',
  summary: 'List usage by model',
  query: usagePageQuery,
  response: usageGroupList,
  errors: filterErrors,
});

export const listUsageByEndUser = defineOperation({
  ...common,
  operationId: 'listUsageByEndUser',
  path: '/v1/usage/by-end-user',
  summary: 'List usage by end user',
  description: 'By the `user` of requests. Requests without it are not in the list.',
  query: endUsersQuery,
  response: usageGroupList,
  errors: PROJECT_ERRORS,
});

export const listUsageEvents = defineOperation({
  ...common,
  operationId: 'listUsageEvents',
  path: '/v1/usage/events',
  summary: 'List requests',
  description: 'The usage of single requests, by their start.',
  query: usageEventsQuery,
  response: usageEventList,
  errors: filterErrors,
});

export const exportUsage = defineOperation({
  ...common,
  operationId: 'exportUsage',
  path: '/v1/exports/usage.csv',
  permission: 'exports:read',
  summary: 'Export requests as CSV',
  description:
    'The usage of single requests, the oldest first. It is streamed: if it cannot be completed, the connection is closed. A text that a spreadsheet would take for a formula begins with an apostrophe.',
  query: usageQuery,
  rawResponse: ['text/csv'],
  responseHeaders: ['Content-Disposition'],
  errors: filterErrors,
});

/** In the order of the reference. */
export const usageOperations = [
  getUsageTotals,
  listUsageByDay,
  listUsageByKey,
  listUsageByEndpoint,
  listUsageByModel,
  listUsageByEndUser,
  listUsageEvents,
  exportUsage,
] as const;
