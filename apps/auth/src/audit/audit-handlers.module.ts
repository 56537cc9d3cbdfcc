import { Module } from '@nestjs/common';
import { AuditAnchoring } from './audit-anchoring.ts';
import { AuditAnchorsService } from './audit-anchors.service.ts';
import { AuditHandlers } from './audit.handlers.ts';
import { AuditLogService } from './audit-log.service.ts';
import { AuditModule } from './audit.module.ts';
import { ChangesMadeConsumer } from './changes-made.consumer.ts';

@Module({
  imports: [AuditModule],
  providers: [AuditHandlers, AuditLogService, AuditAnchorsService, AuditAnchoring, ChangesMadeConsumer],
  exports: [AuditLogService],
})
export class AuditHandlersModule {}
