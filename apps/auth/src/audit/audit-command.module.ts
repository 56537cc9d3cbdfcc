import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { database } from '../db/database.ts';
import { AuditAnchorsService } from './audit-anchors.service.ts';
import { AuditLogService } from './audit-log.service.ts';
import { AuditModule } from './audit.module.ts';

/** The module of the `audit` command: the database, without the bus. */
@Module({ imports: [DatabaseModule.forRoot(database), AuditModule], providers: [AuditLogService, AuditAnchorsService] })
export class AuditCommandModule {}
