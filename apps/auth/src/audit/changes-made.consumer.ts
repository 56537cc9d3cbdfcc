import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { changeMade } from '@xerotier/contracts/auth';
import type { ChangeMade } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { Consumes } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { AuditTrail } from './audit-trail.ts';

/** Adds the changes that other services have made to the audit logs of their projects. Acknowledged after the commit. */
@Injectable()
export class ChangesMadeConsumer {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly trail: AuditTrail,
  ) {}

  @Consumes(changeMade, { durable: 'auth-audit-log' })
  async record(changes: ChangeMade[]): Promise<void> {
    for (const { id, createdAt, action, target, before, after, ...context } of changes)
      await withTenant(this.database, context.projectId, (manager) =>
        this.trail.addOnce(manager, context, { action, target, before, after }, { id, createdAt: new Date(createdAt) }),
      );
  }
}
