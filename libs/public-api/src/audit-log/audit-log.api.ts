import { PROJECT_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { auditEventsQuery } from './request.ts';
import { auditEventList } from './response.ts';

const common = {
  tag: 'Audit log',
  bases: 'project',
  auth: 'either',
  method: 'get',
  permission: 'audit:read',
  errors: PROJECT_ERRORS,
} as const;

export const listAuditEvents = defineOperation({
  ...common,
  operationId: 'listAuditEvents',
  path: '/v1/management/audit-log',
  summary: 'List audit events',
  query: auditEventsQuery,
  response: auditEventList,
});

export const exportAuditLog = defineOperation({
  ...common,
  operationId: 'exportAuditLog',
  path: '/v1/exports/audit-log.jsonl',
  summary: 'Export audit log',
  description:
    'All events, oldest first, as JSON Lines: each line has what its hash covers, and the last line is the signed head of the log. `auth audit verify-file` checks it.',
  rawResponse: ['application/x-jsonlines'],
});

/** In the order of the reference. */
export const auditLogOperations = [listAuditEvents, exportAuditLog] as const;
