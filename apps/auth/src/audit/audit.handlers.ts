import { Injectable } from '@nestjs/common';
import { auditContract } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { AuditLogService } from './audit-log.service.ts';
import type { AuditInput, AuditOutput } from './audit-log.service.ts';

const operations = auditContract.operations;

/** Serves the audit contract. */
@Injectable()
export class AuditHandlers {
  constructor(private readonly log: AuditLogService) {}

  @Serves(operations.listAuditEvents)
  list(input: AuditInput<'listAuditEvents'>): Promise<AuditOutput<'listAuditEvents'>> {
    return this.log.list(input);
  }

  @Serves(operations.getAuditHead)
  async head({ projectId }: AuditInput<'getAuditHead'>): Promise<AuditOutput<'getAuditHead'>> {
    return { head: await this.log.head(projectId) };
  }
}
