export { auditLogOperations, exportAuditLog, listAuditEvents } from './audit-log.api.ts';
