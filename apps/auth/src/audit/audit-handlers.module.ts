import { Module } from '@nestjs/common';
import { AuditHandlers } from './audit.handlers.ts';
import { AuditLogService } from './audit-log.service.ts';
import { AuditModule } from './audit.module.ts';

@Module({ imports: [AuditModule], providers: [AuditHandlers, AuditLogService], exports: [AuditLogService] })
export class AuditHandlersModule {}
